// What init asks of the sanitizers; linked in their configuration alone. Its environment is empty, so it cannot be told.

// zeroing_delete.cc gives back with free() what the sanitizer's operator new made. A PID 1 that handles no SIGSEGV is sent
// none by its machine.
extern "C" const char* __asan_default_options() {
  return "alloc_dealloc_mismatch=0:handle_segv=0:handle_sigbus=0:strict_string_checks=1";
}
extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1"; }
