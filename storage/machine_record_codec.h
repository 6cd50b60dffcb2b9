#ifndef STORAGE_MACHINE_RECORD_CODEC_H_
#define STORAGE_MACHINE_RECORD_CODEC_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/machine_record.h"

// The bytes of the machine store's values (proto/storage/v1/records.proto). Each decoder answers DataLoss where the bytes
// are no such value.
namespace storage {

std::string EncodeMachine(const MachineRecord& record);
absl::StatusOr<MachineRecord> DecodeMachine(absl::string_view bytes);

std::string EncodeEvent(const EventRecord& event);
absl::StatusOr<EventRecord> DecodeEvent(absl::string_view bytes);

std::string EncodeOperation(const OperationRecord& operation);
absl::StatusOr<OperationRecord> DecodeOperation(absl::string_view bytes);

// Where an event of the feed stands.
struct FeedReference {
  std::string machine_id;
  uint64_t event_sequence = 0;
};
std::string EncodeFeedReference(const FeedReference& reference);
absl::StatusOr<FeedReference> DecodeFeedReference(absl::string_view bytes);

std::string EncodeHost(const HostRecord& host);
absl::StatusOr<HostRecord> DecodeHost(absl::string_view bytes);

std::string EncodeAnswer(const RequestAnswer& answer);
absl::StatusOr<RequestAnswer> DecodeAnswer(absl::string_view bytes);

}  // namespace storage

#endif  // STORAGE_MACHINE_RECORD_CODEC_H_
