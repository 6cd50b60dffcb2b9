#include "tokensvc/pkcs11/pkcs11_module.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tokensvc {
namespace {

constexpr absl::string_view kSessionLost = "flyd.pkcs11/session-lost";

bool MeansSessionLost(CK_RV result) {
  switch (result) {
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_DEVICE_ERROR:
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_OPERATION_ACTIVE:  // a call that failed left the session in the midst of it
      return true;
    default:
      return false;
  }
}

absl::StatusOr<const CK_FUNCTION_LIST*> FunctionsOf(void* library, const std::string& path) {
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* functions = nullptr;
  if (get == nullptr || get(&functions) != CKR_OK || functions == nullptr) {
    return absl::UnavailableError(absl::StrCat("pkcs11 module ", path, ": no C_GetFunctionList, want a PKCS#11 module"));
  }
  return functions;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Pkcs11Module>> Pkcs11Module::Load(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return absl::UnavailableError(absl::StrCat("pkcs11 module ", path, ": ", dlerror()));
  const absl::StatusOr<const CK_FUNCTION_LIST*> functions = FunctionsOf(library, path);
  if (!functions.ok()) {
    dlclose(library);
    return functions.status();
  }
  CK_C_INITIALIZE_ARGS arguments = {};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV result = (*functions)->C_Initialize(&arguments);
  if (result != CKR_OK && result != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
    dlclose(library);
    return Pkcs11Status(absl::StrCat("pkcs11 module ", path, ", C_Initialize"), result);
  }
  return std::shared_ptr<const Pkcs11Module>(new Pkcs11Module(library, *functions, result == CKR_OK));
}

Pkcs11Module::~Pkcs11Module() {
  if (finalize_) functions_->C_Finalize(nullptr);
  dlclose(library_);
}

absl::StatusOr<unsigned long> Pkcs11Module::FindSlot(absl::string_view token_label) const {
  CK_ULONG count = 0;
  if (CK_RV result = functions_->C_GetSlotList(CK_TRUE, nullptr, &count); result != CKR_OK) {
    return Pkcs11Status("C_GetSlotList", result);
  }
  std::vector<CK_SLOT_ID> slots(count);
  if (CK_RV result = functions_->C_GetSlotList(CK_TRUE, slots.data(), &count); result != CKR_OK) {
    return Pkcs11Status("C_GetSlotList", result);
  }
  slots.resize(count);
  std::vector<std::string> labels;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info = {};
    if (functions_->C_GetTokenInfo(slot, &info) != CKR_OK) continue;
    const absl::string_view padded(reinterpret_cast<const char*>(info.label), sizeof(info.label));
    const absl::string_view label = absl::StripTrailingAsciiWhitespace(padded);
    if (label == token_label) return slot;
    if (!label.empty()) labels.emplace_back(label);
  }
  return absl::NotFoundError(
      absl::StrCat("pkcs11 token ", token_label, ": none, the module has [", absl::StrJoin(labels, ", "), "]"));
}

absl::Status Pkcs11Status(absl::string_view call, unsigned long result) {
  if (result == CKR_OK) return absl::OkStatus();
  const std::string message = absl::StrCat(call, ": CKR 0x", absl::Hex(result), ", want CKR_OK");
  if (result == CKR_PIN_INCORRECT || result == CKR_PIN_LOCKED || result == CKR_PIN_INVALID ||
      result == CKR_PIN_LEN_RANGE) {
    return absl::PermissionDeniedError(message);
  }
  absl::Status status = absl::UnavailableError(message);
  if (MeansSessionLost(result)) status.SetPayload(kSessionLost, absl::Cord("1"));
  return status;
}

bool IsSessionLost(const absl::Status& status) { return status.GetPayload(kSessionLost).has_value(); }

}  // namespace tokensvc
