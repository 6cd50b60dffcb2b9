#ifndef FLYD_CONTROL_MACHINE_CODEC_H_
#define FLYD_CONTROL_MACHINE_CODEC_H_

#include <string>

#include "storage/machine_record.h"

namespace fly::machines::v1 {
class Event;
class Lease;
class Machine;
class Operation;
}  // namespace fly::machines::v1

namespace flyd {

// Records as the control surface shows them. A machine shows no lease's nonce; a lease does.
void ToProto(const storage::MachineRecord& record, const std::string& incarnation, fly::machines::v1::Machine& proto);
void ToProto(const storage::Lease& lease, fly::machines::v1::Lease& proto);
void ToProto(const std::string& machine_id, const storage::OperationRecord& operation,
             fly::machines::v1::Operation& proto);
void ToProto(const storage::EventRecord& event, fly::machines::v1::Event& proto);

}  // namespace flyd

#endif  // FLYD_CONTROL_MACHINE_CODEC_H_
