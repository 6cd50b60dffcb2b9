#ifndef TESTS_INIT_GROUP_FIXTURE_H_
#define TESTS_INIT_GROUP_FIXTURE_H_

#include <string>

#include "tests/init/machine_fixture.h"

namespace tests {

// Machines with control groups of their own, on a host that has cgroup v2 and lets us in. Elsewhere its tests are skipped
// and say so; run_in_vm.py has such a host. CONTROL_GROUP names a folder for them that is there.
class GroupTest : public MachineTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Of the boot: the group's folder, and what stands in one of its files.
  std::string Group() const { return control_group_ + "/" + kBoot; }
  std::string GroupFile(const std::string& name) const;
};

}  // namespace tests

#endif  // TESTS_INIT_GROUP_FIXTURE_H_
