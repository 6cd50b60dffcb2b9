// A PKCS#11 module for tests: passes every call on to the module whose path is in FLYD_SHIM_MODULE, and appends one byte to
// the file FLYD_SHIM_COUNT_FILE before each call that uses a private key. The file's size is the number of such calls.
// While a file COUNT_FILE.dead exists, C_Sign fails as a broken device does; a file COUNT_FILE.lose is removed and costs the
// session of the next C_Sign.
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

namespace {

CK_FUNCTION_LIST* real = nullptr;
CK_FUNCTION_LIST counting;

void Count() {
  const int fd = open(getenv("FLYD_SHIM_COUNT_FILE"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  // A use that cannot be counted must not pass as none.
  if (fd < 0 || write(fd, "s", 1) != 1) abort();
  close(fd);
}

std::string Switch(const char* name) { return std::string(getenv("FLYD_SHIM_COUNT_FILE")) + "." + name; }

CK_RV Sign(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* signature, CK_ULONG* signature_size) {
  if (access(Switch("dead").c_str(), F_OK) == 0) return CKR_DEVICE_ERROR;
  if (unlink(Switch("lose").c_str()) == 0) {
    real->C_CloseSession(session);
    return CKR_SESSION_HANDLE_INVALID;
  }
  Count();
  return real->C_Sign(session, data, size, signature, signature_size);
}

CK_RV SignFinal(CK_SESSION_HANDLE session, CK_BYTE* signature, CK_ULONG* signature_size) {
  Count();
  return real->C_SignFinal(session, signature, signature_size);
}

CK_RV SignRecover(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* signature, CK_ULONG* signature_size) {
  Count();
  return real->C_SignRecover(session, data, size, signature, signature_size);
}

CK_RV Decrypt(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* plain, CK_ULONG* plain_size) {
  Count();
  return real->C_Decrypt(session, data, size, plain, plain_size);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  void* library = dlopen(getenv("FLYD_SHIM_MODULE"), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return CKR_GENERAL_ERROR;
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  if (get == nullptr || get(&real) != CKR_OK) return CKR_GENERAL_ERROR;
  counting = *real;
  counting.C_Sign = Sign;
  counting.C_SignFinal = SignFinal;
  counting.C_SignRecover = SignRecover;
  counting.C_Decrypt = Decrypt;
  *list = &counting;
  return CKR_OK;
}
