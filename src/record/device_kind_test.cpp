#include "record/device_kind.hpp"

#include <gtest/gtest.h>

namespace vedette {
namespace {

TEST(DeviceKind, IsTheNameWithoutItsNumber) {
  struct Row {
    std::string_view device, kind;
  };
  for (const Row& row :
       {Row{"camera-01", "camera"}, Row{"door_lock_12", "door_lock"}, Row{"plug7", "plug"},
        Row{"hub", "hub"}, Row{"hub-", "hub-"}, Row{"3d-printer-2", "3d-printer"},
        Row{"site/2/valve/03", "site/2/valve"}, Row{"", ""}, Row{"12", ""}, Row{"-12", ""},
        Row{"192.168.1.195", ""}, Row{"10.0.0.1", ""}, Row{"fe80::1", ""}, Row{"::1", ""},
        Row{"cam 4", "cam"}, Row{"v1.2.3.4", "v1.2.3"}}) {
    EXPECT_EQ(device_kind(row.device), row.kind) << row.device;
  }
}

}  // namespace
}  // namespace vedette
