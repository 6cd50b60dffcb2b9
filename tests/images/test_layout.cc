#include "tests/images/test_layout.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "flyd/images/sha256_stream.h"
#include "nlohmann/json.hpp"
#include "tests/images/raw_tar.h"

namespace tests {
namespace {

using nlohmann::json;

#if defined(__aarch64__)
constexpr char kArchitecture[] = "arm64";
#else
constexpr char kArchitecture[] = "amd64";
#endif

}  // namespace

void WriteTestFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string ReadTestFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TestLayout::TestLayout(std::string folder) : folder_(std::move(folder)) {
  std::filesystem::create_directories(folder_ + "/blobs/sha256");
}

std::string TestLayout::BlobPath(const std::string& digest) const {
  return folder_ + "/blobs/sha256/" + std::string(flyd::HexOf(digest));
}

json TestLayout::AddBlob(const std::string& type, const std::string& bytes) {
  const std::string digest = flyd::DigestOf(bytes);
  WriteTestFile(BlobPath(digest), bytes);
  return {{"mediaType", type}, {"digest", digest}, {"size", bytes.size()}};
}

void TestLayout::AddLayer(const std::string& archive) {
  AddGzipLayer(Gzip(archive), flyd::DigestOf(archive));
}

void TestLayout::AddGzipLayer(const std::string& blob, const std::string& diff_id) {
  layers_.push_back(AddBlob("application/vnd.oci.image.layer.v1.tar+gzip", blob));
  diff_ids_.push_back(diff_id);
}

void TestLayout::AddPlainLayer(const std::string& archive) {
  layers_.push_back(AddBlob("application/vnd.oci.image.layer.v1.tar", archive));
  diff_ids_.push_back(flyd::DigestOf(archive));
}

std::string TestLayout::Finish() {
  const json config = {{"os", "linux"},
                       {"architecture", kArchitecture},
                       {"config", run_},
                       {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids_}}}};
  const json config_blob = AddBlob("application/vnd.oci.image.config.v1+json", config.dump());
  config_digest_ = config_blob["digest"];
  const std::string type = "application/vnd.oci.image.manifest.v1+json";
  json manifest = AddBlob(
      type, json{{"schemaVersion", 2}, {"mediaType", type}, {"config", config_blob}, {"layers", layers_}}.dump());
  manifest["annotations"] = {{"org.opencontainers.image.ref.name", "latest"}};
  WriteTestFile(folder_ + "/index.json", json{{"schemaVersion", 2}, {"manifests", {manifest}}}.dump());
  WriteTestFile(folder_ + "/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
  return manifest["digest"];
}

}  // namespace tests
