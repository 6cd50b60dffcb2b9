#ifndef TESTS_IMAGES_STORE_FIXTURE_H_
#define TESTS_IMAGES_STORE_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flyd/images/image_limits.h"
#include "flyd/images/image_store.h"
#include "gtest/gtest.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/images/raw_tar.h"
#include "tests/images/test_layout.h"

namespace tests {

// The static init, which confines the tools.
std::string InitBinary();

// A store with the real umoci, and a folder beside it that nothing may change.
class StoreTest : public testing::Test {
 protected:
  void SetUp() override;
  // Checks that nothing was written outside the store.
  void TearDown() override;

  void OpenStore(const flyd::ImageLimits& limits = {});
  // A layout of this name with one layer of these entries; its digest.
  std::string MakeImage(const std::string& name, const std::vector<RawEntry>& entries);
  std::string Folder(const std::string& name) const { return scratch_.path() + "/" + name; }
  // All paths below the store.
  std::vector<std::string> InStore() const;

  ScratchFolder scratch_;
  std::unique_ptr<flyd::ImageStore> store_;
};

}  // namespace tests

#endif  // TESTS_IMAGES_STORE_FIXTURE_H_
