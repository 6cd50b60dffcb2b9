#!/bin/bash
# The build refuses an upward edge, an include without a declared dependency, an unguarded access and a warning.
# Bazel runs here on a workspace of a few lines that has the real rules, configuration and package groups.
set -euo pipefail
. tests/cases.sh

SOURCES=$(dirname "$(readlink -f WORKSPACE)")
SCRATCH=$(mktemp -d /tmp/flyd-layers.XXXXXX)
trap 'bazel_here shutdown > /dev/null 2>&1 || true; chmod -R u+w "$SCRATCH"; rm -rf "$SCRATCH"' EXIT

bazel_here() {
  cd "$SCRATCH/workspace" && HOME=$SCRATCH bazel --nohome_rc --output_user_root="$SCRATCH/root" --output_base="$SCRATCH/base" \
    --max_idle_secs=30 --host_jvm_args=-Xmx500m "$@"
}
build() {
  bazel_here build --config=clang --disk_cache= --jobs=1 --noshow_progress --color=no \
    --experimental_convenience_symlinks=ignore "$1" 2>&1
}
builds() { build "$1"; }
is_refused() {  # TARGET REASON
  local output status=0
  output=$(build "$1") || status=$?
  echo "$output"
  [ "$status" != 0 ] && grep -q -e "$2" <<< "$output"
}
package() { mkdir -p "$SCRATCH/workspace/$1" && cat > "$SCRATCH/workspace/$1/BUILD.bazel"; }
file() { cat > "$SCRATCH/workspace/$1"; }

mkdir -p "$SCRATCH/workspace/tools"
cp "$SOURCES"/{.bazelrc,BUILD.bazel,WORKSPACE} "$SCRATCH/workspace/"
cp -r "$SOURCES/tools/bazel" "$SCRATCH/workspace/tools/"

package storage << 'TEXT'
cc_library(name = "record", hdrs = ["record.h"], visibility = ["//:above_storage"])
cc_library(name = "store", hdrs = ["store.h"], deps = [":record"], visibility = ["//:above_storage"])
cc_library(name = "upward", srcs = ["upward.cc"], deps = ["//tokensvc:service"])
TEXT
file storage/record.h <<< $'#pragma once\ninline int Record() { return 7; }'
file storage/store.h <<< '#include "storage/record.h"'
file storage/upward.cc <<< ''

package tokensvc << 'TEXT'
cc_library(name = "service", srcs = ["declared.cc"], deps = ["//storage:store", "//storage:record"], visibility = ["//:above_tokensvc"])
cc_library(name = "undeclared", srcs = ["undeclared.cc"], deps = ["//storage:store"])
cc_library(name = "upward", srcs = ["declared.cc"], deps = ["//flyd:daemon"])
cc_library(name = "guarded", srcs = ["guarded.cc"], deps = ["@com_google_absl//absl/synchronization"])
cc_library(name = "unguarded", srcs = ["unguarded.cc"], deps = ["@com_google_absl//absl/synchronization"])
cc_library(name = "careless", srcs = ["careless.cc"])
TEXT
file tokensvc/declared.cc <<< $'#include "storage/record.h"\n#include "storage/store.h"\nint Service() { return Record(); }'
file tokensvc/undeclared.cc <<< $'#include "storage/record.h"\nint Service() { return Record(); }'
file tokensvc/careless.cc <<< 'int Careless() { int unused = 7; return 0; }'
file tokensvc/guarded.cc << 'TEXT'
#include "absl/synchronization/mutex.h"
class Keys {
 public:
  void Add() { absl::MutexLock lock(&mu_); ++count_; }
 private:
  absl::Mutex mu_;
  int count_ ABSL_GUARDED_BY(mu_) = 0;
};
void Use() { Keys keys; keys.Add(); }
TEXT
sed 's/absl::MutexLock lock(&mu_); //' "$SCRATCH/workspace/tokensvc/guarded.cc" | file tokensvc/unguarded.cc

package tokensvc/pkcs11 <<< 'cc_library(name = "pkcs11", visibility = ["//:pkcs11_users"])'
package tokensvc/signer <<< 'cc_library(name = "signerd", deps = ["//tokensvc/pkcs11"])'
package flyd << 'TEXT'
cc_library(name = "daemon", deps = ["//tokensvc:service", "//storage:store"], visibility = ["//:above_flyd"])
cc_library(name = "upward", deps = ["//tools:flydctl"])
cc_library(name = "with_hsm", deps = ["//tokensvc/pkcs11"])
TEXT
package tools << 'TEXT'
cc_library(name = "flydctl", deps = ["//flyd:daemon"], visibility = ["//:above_tools"])
cc_library(name = "upward", deps = ["//tests:fakes"])
TEXT
package tests <<< 'cc_library(name = "fakes", deps = ["//tools:flydctl"], testonly = True)'

test_edges_that_point_down_build() { builds //tests:fakes; }
test_storage_cannot_depend_on_tokensvc() { is_refused //storage:upward "//tokensvc:service' is not visible"; }
test_tokensvc_cannot_depend_on_flyd() { is_refused //tokensvc:upward "//flyd:daemon' is not visible"; }
test_flyd_cannot_depend_on_tools() { is_refused //flyd:upward "//tools:flydctl' is not visible"; }
test_tools_cannot_depend_on_tests() { is_refused //tools:upward "//tests:fakes' is not visible"; }
test_flyd_cannot_link_pkcs11() { is_refused //flyd:with_hsm "//tokensvc/pkcs11:pkcs11' is not visible"; }
test_signerd_can_link_pkcs11() { builds //tokensvc/signer:signerd; }
test_an_include_of_an_undeclared_dependency_is_refused() { is_refused //tokensvc:undeclared "does not depend on a module exporting 'storage/record.h'"; }
test_a_guarded_access_builds() { builds //tokensvc:guarded; }
test_an_unguarded_access_is_refused() { is_refused //tokensvc:unguarded "requires holding mutex 'mu_'"; }
test_a_warning_is_an_error() { is_refused //tokensvc:careless "unused variable"; }

run_cases
