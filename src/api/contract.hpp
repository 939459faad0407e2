/// The text of openapi.json, carried inside the program (cmake/contract.cmake).
#pragma once

#include <string_view>

namespace vedette {

std::string_view contract_json();

}  // namespace vedette
