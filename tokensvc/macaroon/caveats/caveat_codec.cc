#include "tokensvc/macaroon/caveats/caveat_codec.h"

#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tokensvc/macaroon/macaroon_limits.h"

namespace tokensvc::macaroon {
namespace {

constexpr uint64_t kMaxMask = 0xffff;

void WriteMask(Action mask, MsgpackWriter& writer) { writer.Uint(static_cast<uint16_t>(mask)); }
Action ReadMask(MsgpackReader& reader) { return static_cast<Action>(reader.Uint(kMaxMask)); }

void WriteId(uint64_t id, MsgpackWriter& writer) { writer.Uint(id); }
void WriteId(const std::string& id, MsgpackWriter& writer) { writer.String(id); }
void ReadId(MsgpackReader& reader, uint64_t& id) { id = reader.Uint(); }
void ReadId(MsgpackReader& reader, std::string& id) { id = std::string(reader.String()); }

template <typename Id>
ResourceSet<Id> ReadResourceSet(MsgpackReader& reader) {
  ResourceSet<Id> resources;
  for (size_t left = reader.MapHeader(); left > 0 && reader.ok(); --left) {
    Id id;
    ReadId(reader, id);
    // Ascending order is part of the canonical form, and leaves no room for an id that stands twice.
    if (!resources.empty() && !(resources.rbegin()->first < id)) reader.Fail("a resource id", "ascending ids");
    const Action mask = ReadMask(reader);
    resources.emplace_hint(resources.end(), std::move(id), mask);
  }
  return resources;
}

void WriteStrings(const std::optional<std::vector<std::string>>& strings, MsgpackWriter& writer) {
  if (!strings.has_value()) return writer.Nil();
  writer.ArrayHeader(strings->size());
  for (const std::string& text : *strings) writer.String(text);
}

std::optional<std::vector<std::string>> ReadStrings(MsgpackReader& reader) {
  if (reader.Nil()) return std::nullopt;
  std::vector<std::string> strings;
  for (size_t left = reader.ArrayHeader(); left > 0 && reader.ok(); --left) strings.emplace_back(reader.String());
  return strings;
}

// The body of each type, one overload each; the reading twin stands beside it.

void WriteBody(const Organization& caveat, MsgpackWriter& writer) {
  writer.ArrayHeader(2);
  writer.Uint(caveat.id);
  WriteMask(caveat.mask, writer);
}
void ReadBody(MsgpackReader& reader, Organization& caveat) {
  reader.ArrayHeaderOf(2);
  caveat.id = reader.Uint();
  caveat.mask = ReadMask(reader);
}

template <CaveatType Type, typename Id>
void WriteBody(const ResourceSetCaveat<Type, Id>& caveat, MsgpackWriter& writer) {
  writer.ArrayHeader(1);
  writer.MapHeader(caveat.resources.size());
  for (const auto& [id, mask] : caveat.resources) {
    WriteId(id, writer);
    WriteMask(mask, writer);
  }
}
template <CaveatType Type, typename Id>
void ReadBody(MsgpackReader& reader, ResourceSetCaveat<Type, Id>& caveat) {
  reader.ArrayHeaderOf(1);
  caveat.resources = ReadResourceSet<Id>(reader);
}

void WriteBody(const ValidityWindow& caveat, MsgpackWriter& writer) {
  writer.ArrayHeader(2);
  writer.Int(caveat.not_before);
  writer.Int(caveat.not_after);
}
void ReadBody(MsgpackReader& reader, ValidityWindow& caveat) {
  reader.ArrayHeaderOf(2);
  caveat.not_before = reader.Int();
  caveat.not_after = reader.Int();
}

void WriteBody(const Mutations& caveat, MsgpackWriter& writer) {
  writer.ArrayHeader(1);
  WriteStrings(caveat.mutations, writer);
}
void ReadBody(MsgpackReader& reader, Mutations& caveat) {
  reader.ArrayHeaderOf(1);
  caveat.mutations = ReadStrings(reader);
}

template <CaveatType Type>
void WriteBody(const IdCaveat<Type>& caveat, MsgpackWriter& writer) {
  writer.ArrayHeader(1);
  writer.Uint(caveat.id);
}
template <CaveatType Type>
void ReadBody(MsgpackReader& reader, IdCaveat<Type>& caveat) {
  reader.ArrayHeaderOf(1);
  caveat.id = reader.Uint();
}

template <CaveatType Type>
void WriteBody(const NumberCaveat<Type>& caveat, MsgpackWriter& writer) {
  writer.Uint(caveat.value);
}
template <CaveatType Type>
void ReadBody(MsgpackReader& reader, NumberCaveat<Type>& caveat) {
  caveat.value = reader.Uint();
}

void WriteBody(const GoogleUserId& caveat, MsgpackWriter& writer) { writer.Binary(caveat.magnitude); }
void ReadBody(MsgpackReader& reader, GoogleUserId& caveat) {
  caveat.magnitude = std::string(reader.Binary());
  if (!caveat.magnitude.empty() && caveat.magnitude[0] == '\0') reader.Fail("a leading zero", "the shortest magnitude");
}

void WriteBody(const ConfineGoogleHd& caveat, MsgpackWriter& writer) { writer.String(caveat.hosted_domain); }
void ReadBody(MsgpackReader& reader, ConfineGoogleHd& caveat) { caveat.hosted_domain = std::string(reader.String()); }

void WriteBody(const ThirdParty& caveat, MsgpackWriter& writer) {
  writer.ArrayHeader(3);
  writer.String(caveat.location);
  writer.Binary(caveat.verifier_key);
  writer.Binary(caveat.ticket);
}
void ReadBody(MsgpackReader& reader, ThirdParty& caveat) {
  reader.ArrayHeaderOf(3);
  caveat.location = std::string(reader.String());
  caveat.verifier_key = std::string(reader.Binary());
  caveat.ticket = std::string(reader.Binary());
}

void WriteBody(const BindToParentToken& caveat, MsgpackWriter& writer) { writer.Binary(caveat.digest_prefix); }
void ReadBody(MsgpackReader& reader, BindToParentToken& caveat) { caveat.digest_prefix = std::string(reader.Binary()); }

void WriteBody(const FromMachineSource& caveat, MsgpackWriter& writer) {
  writer.ArrayHeader(1);
  writer.String(caveat.machine_id);
}
void ReadBody(MsgpackReader& reader, FromMachineSource& caveat) {
  reader.ArrayHeaderOf(1);
  caveat.machine_id = std::string(reader.String());
}

void WriteBody(const IsMember&, MsgpackWriter& writer) { writer.ArrayHeader(0); }
void ReadBody(MsgpackReader& reader, IsMember&) { reader.ArrayHeaderOf(0); }

void WriteBody(const ActionLimit& caveat, MsgpackWriter& writer) { WriteMask(caveat.mask, writer); }
void ReadBody(MsgpackReader& reader, ActionLimit& caveat) { caveat.mask = ReadMask(reader); }

void WriteBody(const Commands& caveat, MsgpackWriter& writer) {
  if (!caveat.entries.has_value()) return writer.Nil();
  writer.ArrayHeader(caveat.entries->size());
  for (const Commands::Entry& entry : *caveat.entries) {
    writer.ArrayHeader(2);
    WriteStrings(entry.args, writer);
    writer.Bool(entry.exact);
  }
}
void ReadBody(MsgpackReader& reader, Commands& caveat) {
  if (reader.Nil()) return;
  caveat.entries.emplace();
  for (size_t left = reader.ArrayHeader(); left > 0 && reader.ok(); --left) {
    reader.ArrayHeaderOf(2);
    Commands::Entry& entry = caveat.entries->emplace_back();
    entry.args = ReadStrings(reader);
    entry.exact = reader.Bool();
  }
}

void WriteBody(const AllowedRoles& caveat, MsgpackWriter& writer) { writer.Uint(caveat.roles); }
void ReadBody(MsgpackReader& reader, AllowedRoles& caveat) {
  caveat.roles = static_cast<uint32_t>(reader.Uint(0xffffffff));
}

void WriteBody(const FlySrc& caveat, MsgpackWriter& writer) {
  writer.ArrayHeader(3);
  writer.String(caveat.organization);
  writer.String(caveat.app);
  writer.String(caveat.instance);
}
void ReadBody(MsgpackReader& reader, FlySrc& caveat) {
  reader.ArrayHeaderOf(3);
  caveat.organization = std::string(reader.String());
  caveat.app = std::string(reader.String());
  caveat.instance = std::string(reader.String());
}

void WriteBody(const IfPresent& caveat, MsgpackWriter& writer) {
  writer.ArrayHeader(2);
  WriteCaveats(caveat.ifs, writer);
  WriteMask(caveat.otherwise, writer);
}
void ReadBody(MsgpackReader& reader, IfPresent& caveat) {
  reader.ArrayHeaderOf(2);
  caveat.ifs = ReadCaveats(reader);
  caveat.otherwise = ReadMask(reader);
}

void WriteBody(const Unregistered& caveat, MsgpackWriter& writer) { writer.Raw(caveat.raw_body); }

// Tries the variant's alternatives in turn; the last one, Unregistered, takes what is left.
template <size_t Index = 0>
Caveat ReadTyped(uint64_t type, MsgpackReader& reader) {
  using Alternative = std::variant_alternative_t<Index, Caveat::Body>;
  if constexpr (std::is_same_v<Alternative, Unregistered>) {
    return Caveat{Unregistered{type, std::string(reader.RawValue())}};
  } else {
    if (type != static_cast<uint64_t>(Alternative::kType)) return ReadTyped<Index + 1>(type, reader);
    Alternative caveat;
    ReadBody(reader, caveat);
    return Caveat{std::move(caveat)};
  }
}

void WriteElements(const Caveat& caveat, MsgpackWriter& writer) {
  writer.Uint(caveat.type());
  std::visit([&writer](const auto& body) { WriteBody(body, writer); }, caveat.body);
}

}  // namespace

std::vector<Caveat> ReadCaveats(MsgpackReader& reader) {
  const size_t elements = reader.ArrayHeader();
  if (elements % 2 != 0) reader.Fail(absl::StrCat("a container of ", elements), "types and bodies in pairs");
  if (elements / 2 > kMaxCaveats) {
    reader.Fail(absl::StrCat(elements / 2, " caveats"), absl::StrCat("at most ", kMaxCaveats));
  }
  if (reader.depth >= kMaxCaveatDepth) reader.Fail("a deeper container", absl::StrCat("depth ", kMaxCaveatDepth));
  std::vector<Caveat> caveats;
  ++reader.depth;
  for (size_t left = elements / 2; left > 0 && reader.ok(); --left) {
    const uint64_t type = reader.Uint();
    caveats.push_back(ReadTyped(type, reader));
  }
  --reader.depth;
  return caveats;
}

void WriteCaveats(absl::Span<const Caveat> caveats, MsgpackWriter& writer) {
  writer.ArrayHeader(caveats.size() * 2);
  for (const Caveat& caveat : caveats) WriteElements(caveat, writer);
}

std::string EncodeCaveats(absl::Span<const Caveat> caveats) {
  MsgpackWriter writer;
  WriteCaveats(caveats, writer);
  return std::move(writer).Take();
}

std::string EncodeCaveat(const Caveat& caveat) { return EncodeCaveats({&caveat, 1}); }

absl::StatusOr<std::vector<Caveat>> DecodeCaveats(absl::string_view container) {
  MsgpackReader reader(container);
  std::vector<Caveat> caveats = ReadCaveats(reader);
  if (const absl::Status end = reader.Finish(); !end.ok()) return end;
  return caveats;
}

}  // namespace tokensvc::macaroon
