#ifndef FLYD_IMAGES_REWRITE_LAYER_H_
#define FLYD_IMAGES_REWRITE_LAYER_H_

#include <string>

#include "absl/status/statusor.h"
#include "flyd/images/layer_rules.h"
#include "flyd/images/oci_manifest.h"

namespace flyd {

struct RewrittenLayer {
  BlobDescriptor blob;      // of what was written: an archive without compression
  uint64_t unpacked_bytes;  // what the layer held, decompressed
};

// Reads a layer and writes an archive that says the same in a form that can be read one way only, entry by entry as
// `rules` admits them. Nothing of the layer's own bytes but its files' contents reaches the tool that unpacks.
//
// `blob_fd` stands at the blob's beginning. The blob is hashed once more while it is read, so that one that changes
// meanwhile is refused.
//   FailedPrecondition: the layer is not what the descriptor and `diff_id` say, no archive, against the rules, or more
//     than `max_bytes` decompressed. What was written is of no use then.
//   Unavailable: the host could not read or write.
absl::StatusOr<RewrittenLayer> RewriteLayer(int blob_fd, const LayerDescriptor& layer, const std::string& diff_id,
                                            uint64_t max_bytes, LayerRules& rules, int out_fd);

}  // namespace flyd

#endif  // FLYD_IMAGES_REWRITE_LAYER_H_
