#include "train/text_table.hpp"

#include "base/hash.hpp"

namespace vedette {

std::size_t TextTable::find_slot(std::string_view text) const {
  const vds::TextList texts = list();
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash64(text) & mask;
  while (slots_[slot] != 0 && texts[slots_[slot] - 1] != text) slot = (slot + 1) & mask;
  return slot;
}

void TextTable::grow() {
  slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
  for (std::uint32_t number = 0; number < ends_.size(); ++number) {
    slots_[find_slot(list()[number])] = number + 1;
  }
}

std::uint32_t TextTable::put(std::string_view text) {
  if (ends_.size() * 2 >= slots_.size()) grow();
  const std::size_t slot = find_slot(text);
  if (slots_[slot] == 0) {
    bytes_.append(text);
    ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    slots_[slot] = static_cast<std::uint32_t>(ends_.size());
  }
  return slots_[slot] - 1;
}

}  // namespace vedette
