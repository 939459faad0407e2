#include "sink/sink.hpp"
#include "store/store.hpp"

namespace vedette {

namespace {

class StoreSink final : public Sink {
 public:
  explicit StoreSink(Store& store) : store_(store) {}
  std::string_view name() const override { return "store"; }
  bool durable() const override { return true; }
  Status accept(Batch& batch, Time now) override { return store_.commit(batch, now); }
  Status tick(AlarmChanges& changes, Time now) override { return store_.maintain(now, changes); }

 private:
  Store& store_;
};

}  // namespace

std::unique_ptr<Sink> make_store_sink(Store& store) {
  return std::make_unique<StoreSink>(store);
}

}  // namespace vedette
