// Replaces the global operators delete, so that no freed block keeps what was in it: the Macaroon passes through the
// heap once, inside the JSON of the boot answer and the buffers that read it. PID 1 is small, so the cost is not felt.
#include <malloc.h>
#include <string.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

void ZeroAndFree(void* memory) noexcept {
  if (memory == nullptr) return;
  explicit_bzero(memory, malloc_usable_size(memory));
  free(memory);
}

}  // namespace

void operator delete(void* memory) noexcept { ZeroAndFree(memory); }
void operator delete[](void* memory) noexcept { ZeroAndFree(memory); }
void operator delete(void* memory, std::size_t) noexcept { ZeroAndFree(memory); }
void operator delete[](void* memory, std::size_t) noexcept { ZeroAndFree(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { ZeroAndFree(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { ZeroAndFree(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { ZeroAndFree(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { ZeroAndFree(memory); }
