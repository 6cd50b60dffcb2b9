#ifndef TESTS_IMAGES_TEST_LAYOUT_H_
#define TESTS_IMAGES_TEST_LAYOUT_H_

#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace tests {

// An OCI image layout that a test builds from archives.
class TestLayout {
 public:
  // In this folder, which is made.
  explicit TestLayout(std::string folder);

  // Compressed with gzip unless said otherwise.
  void AddLayer(const std::string& archive);
  void AddPlainLayer(const std::string& archive);
  // A blob as it is, with whatever the configuration is to say of it.
  void AddGzipLayer(const std::string& blob, const std::string& diff_id);
  // The configuration's member `config`: Entrypoint, Env, User…
  void SetRun(nlohmann::json run) { run_ = std::move(run); }
  // Writes configuration, manifest and index (tag "latest"); the manifest's digest.
  std::string Finish();

  const std::string& folder() const { return folder_; }
  std::string BlobPath(const std::string& digest) const;
  // After Finish.
  const std::string& config_digest() const { return config_digest_; }
  std::string layer_digest(size_t index) const { return layers_[index]["digest"]; }

 private:
  nlohmann::json AddBlob(const std::string& type, const std::string& bytes);

  const std::string folder_;
  std::vector<nlohmann::json> layers_;
  std::vector<std::string> diff_ids_;
  nlohmann::json run_ = nlohmann::json::object();
  std::string config_digest_;
};

// Writes a file that is not there yet, or replaces one.
void WriteTestFile(const std::string& path, const std::string& bytes);
std::string ReadTestFile(const std::string& path);

}  // namespace tests

#endif  // TESTS_IMAGES_TEST_LAYOUT_H_
