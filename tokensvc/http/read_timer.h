#ifndef TOKENSVC_HTTP_READ_TIMER_H_
#define TOKENSVC_HTTP_READ_TIMER_H_

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <chrono>
#include <memory>

namespace tokensvc {

// Ends the stream's reads after a time and leaves it writable, which its own timer would not. To be used on the stream's strand alone.
template <typename Lowest>
class ReadTimer {
 public:
  ReadTimer(Lowest& stream, std::chrono::nanoseconds time) : timer_(stream.get_executor(), time) {
    stream.expires_after(time + std::chrono::seconds(1));  // should a read begin just as it is to be ended
    timer_.async_wait([state = state_, &stream](boost::beast::error_code stopped) {
      if (stopped || state->over) return;
      state->expired = true;
      stream.cancel();
    });
  }
  ~ReadTimer() { state_->over = true; }
  bool expired() const { return state_->expired; }

 private:
  struct State {
    bool over = false;
    bool expired = false;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  boost::asio::steady_timer timer_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_READ_TIMER_H_
