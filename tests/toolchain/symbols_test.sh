#!/bin/bash
# BoringSSL's symbols stay inside the program that links it; gRPC's OpenSSL is not linked by the program itself.
set -euo pipefail
. tests/cases.sh

PROGRAM=tests/toolchain/side_by_side_test

test_the_program_holds_boringssl_as_local_symbols() {
  nm "$PROGRAM" | grep -E ' t EVP_DigestSign$'
  nm "$PROGRAM" | grep -E ' t EC_KEY_generate_key$'
}

test_the_program_exports_no_symbol_of_boringssl() {
  local exported
  exported=$(nm -D --defined-only "$PROGRAM" | grep -E ' (EVP|EC|SSL|X509|BIO|OPENSSL|CRYPTO)_' || true)
  [ -z "$exported" ] || { echo "$exported"; false; }
}

test_the_program_asks_no_library_for_such_a_symbol() {
  local wanted  # weak ones (hooks of BoringSSL that nobody defines) are not asked for
  wanted=$(nm -D --undefined-only "$PROGRAM" | grep -E ' U (EVP|EC_KEY|SSL|X509|OPENSSL|CRYPTO)_' || true)
  [ -z "$wanted" ] || { echo "$wanted"; false; }
}

test_the_program_does_not_name_openssl_as_its_library() {
  local needed
  needed=$(readelf -d "$PROGRAM" | grep -E 'NEEDED.*lib(ssl|crypto)' || true)
  [ -z "$needed" ] || { echo "$needed"; false; }
  readelf -d "$PROGRAM" | grep -E 'NEEDED.*libgrpc\+\+'
}

run_cases
