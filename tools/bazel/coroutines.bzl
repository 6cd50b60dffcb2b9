"""How C++20 coroutines are compiled: `copts = COROUTINE_COPTS`."""

# g++ 12 takes the frames of inlined coroutines for a mismatch of new and delete.
COROUTINE_COPTS = ["-Wno-mismatched-new-delete"]
