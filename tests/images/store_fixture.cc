#include "tests/images/store_fixture.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "flyd/images/image_store.h"
#include "tests/images/raw_tar.h"
#include "tests/images/test_layout.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

namespace fs = std::filesystem;

constexpr char kUntouched[] = "nobody writes here";

}  // namespace

std::string InitBinary() {
  const char* chosen = getenv("INIT_BINARY");
  return chosen != nullptr ? chosen : fs::absolute("flyd/init/init").string();
}

void StoreTest::SetUp() {
  fs::create_directory(Folder("outside"));
  WriteTestFile(Folder("outside/canary"), kUntouched);
  OpenStore();
}

void StoreTest::TearDown() {
  EXPECT_EQ(ReadTestFile(Folder("outside/canary")), kUntouched);
  EXPECT_EQ(std::distance(fs::directory_iterator(Folder("outside")), {}), 1) << "something was written outside";
}

void StoreTest::OpenStore(const flyd::ImageLimits& limits) {
  store_.reset();
  absl::StatusOr<std::unique_ptr<flyd::ImageStore>> store =
      flyd::ImageStore::Open({.directory = Folder("store"), .init_path = InitBinary(), .limits = limits});
  ASSERT_THAT(store.status(), IsOk());
  store_ = *std::move(store);
}

std::string StoreTest::MakeImage(const std::string& name, const std::vector<RawEntry>& entries) {
  TestLayout layout(Folder(name));
  layout.AddLayer(EncodeArchive(entries));
  return layout.Finish();
}

std::vector<std::string> StoreTest::InStore() const {
  std::vector<std::string> paths;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(Folder("store"))) {
    paths.push_back(fs::relative(entry.path(), Folder("store")).string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace tests
