#ifndef FLYD_CONTROL_MACHINE_CODEC_H_
#define FLYD_CONTROL_MACHINE_CODEC_H_

#include <string>

#include "storage/machine_record.h"

namespace fly::machines::v1 {
class Event;
class Machine;
}  // namespace fly::machines::v1

namespace flyd {

// Records as the control surface shows them.
void ToProto(const storage::MachineRecord& record, const std::string& incarnation, fly::machines::v1::Machine& proto);
void ToProto(const storage::EventRecord& event, fly::machines::v1::Event& proto);

}  // namespace flyd

#endif  // FLYD_CONTROL_MACHINE_CODEC_H_
