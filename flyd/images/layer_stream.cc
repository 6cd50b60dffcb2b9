#include "flyd/images/layer_stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/images/oci_manifest.h"
#include "flyd/images/sha256_stream.h"

namespace flyd {
namespace {

constexpr size_t kChunk = 64 * 1024;
// zlib's largest window, and a gzip header before it.
constexpr int kGzipWindow = 15 + 16;

}  // namespace

struct LayerStream::State {
  int blob_fd;
  LayerCompression compression;
  uint64_t max_bytes;
  uint64_t unpacked = 0;
  Sha256Stream blob_hash;
  Sha256Stream unpacked_hash;
  std::array<char, kChunk> input;
  z_stream inflater = {};
  bool in_member = false;
  bool began = false;  // a gzip file has at least one member
};

LayerStream::LayerStream(int blob_fd, LayerCompression compression, uint64_t max_bytes)
    : state_(std::make_unique<State>()) {
  state_->blob_fd = blob_fd;
  state_->compression = compression;
  state_->max_bytes = max_bytes;
  inflateInit2(&state_->inflater, kGzipWindow);
}

LayerStream::~LayerStream() { inflateEnd(&state_->inflater); }

// The next piece of the blob into the inflater's input; 0 at its end.
absl::StatusOr<size_t> LayerStream::Fill() {
  ssize_t got = 0;
  do {
    got = read(state_->blob_fd, state_->input.data(), state_->input.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) return absl::UnavailableError(absl::StrCat("blob: ", strerror(errno), ", want to read it"));
  state_->blob_hash.Add(absl::string_view(state_->input.data(), static_cast<size_t>(got)));
  state_->inflater.next_in = reinterpret_cast<Bytef*>(state_->input.data());
  state_->inflater.avail_in = static_cast<uInt>(got);
  return static_cast<size_t>(got);
}

// A gzip file may be several, one after the other. False: there is no further one.
absl::StatusOr<bool> LayerStream::BeginMember() {
  if (state_->inflater.avail_in == 0) {
    absl::StatusOr<size_t> got = Fill();
    if (!got.ok()) return got.status();
    if (*got == 0 && state_->began) return false;
    if (*got == 0) return absl::FailedPreconditionError("gzip: empty, want a layer");
  }
  inflateReset(&state_->inflater);
  state_->in_member = true;
  state_->began = true;
  return true;
}

absl::StatusOr<size_t> LayerStream::Inflate(char* buffer, size_t room) {
  state_->inflater.next_out = reinterpret_cast<Bytef*>(buffer);
  state_->inflater.avail_out = static_cast<uInt>(room);
  while (state_->inflater.avail_out == room) {
    if (!state_->in_member) {
      absl::StatusOr<bool> begun = BeginMember();
      if (!begun.ok()) return begun.status();
      if (!*begun) return 0;
    }
    if (state_->inflater.avail_in == 0) {
      absl::StatusOr<size_t> got = Fill();
      if (!got.ok()) return got.status();
      if (*got == 0) return absl::FailedPreconditionError("gzip: cut short, want its end");
    }
    const int result = inflate(&state_->inflater, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      state_->in_member = false;
    } else if (result != Z_OK) {
      return absl::FailedPreconditionError("gzip: damaged, want a gzip file");
    }
  }
  return room - state_->inflater.avail_out;
}

absl::StatusOr<size_t> LayerStream::Copy(char* buffer, size_t room) {
  if (state_->inflater.avail_in == 0) {
    absl::StatusOr<size_t> got = Fill();
    if (!got.ok() || *got == 0) return got;
  }
  const size_t size = std::min<size_t>(room, state_->inflater.avail_in);
  memcpy(buffer, state_->inflater.next_in, size);
  state_->inflater.next_in += size;
  state_->inflater.avail_in -= static_cast<uInt>(size);
  return size;
}

absl::StatusOr<size_t> LayerStream::Read(char* buffer, size_t room) {
  absl::StatusOr<size_t> got =
      state_->compression == LayerCompression::kGzip ? Inflate(buffer, room) : Copy(buffer, room);
  if (!got.ok()) return got;
  state_->unpacked += *got;
  if (state_->unpacked > state_->max_bytes) {
    return absl::FailedPreconditionError(
        absl::StrCat("unpacked: over ", state_->max_bytes, " bytes, want at most that many are left for the image"));
  }
  state_->unpacked_hash.Add(absl::string_view(buffer, *got));
  return got;
}

uint64_t LayerStream::unpacked_bytes() const { return state_->unpacked; }

std::string LayerStream::BlobDigest() { return state_->blob_hash.Digest(); }

std::string LayerStream::UnpackedDigest() { return state_->unpacked_hash.Digest(); }

}  // namespace flyd
