#ifndef TOKENSVC_RPC_SERVER_SETTINGS_H_
#define TOKENSVC_RPC_SERVER_SETTINGS_H_

namespace grpc {
class ChannelArguments;
class ServerBuilder;
}  // namespace grpc

namespace tokensvc {

// What every server of the fleet has in common: the health and reflection services, connections at most an hour old (so
// that renewed certificates and revoked names take effect), messages of at most 4 MiB, keepalive that finds a dead peer
// within 30 s. Call it before BuildAndStart().
void ApplyServerSettings(grpc::ServerBuilder& builder);

// What every channel has in common: the keepalive that the servers allow, messages of at most 4 MiB, reconnection
// within 5 s of a server's return.
void ApplyChannelSettings(grpc::ChannelArguments& arguments);

}  // namespace tokensvc

#endif  // TOKENSVC_RPC_SERVER_SETTINGS_H_
