# What is installed, and the Debian package: `./dev package`.
include(GNUInstallDirs)

set(vedette_package_files ${CMAKE_BINARY_DIR}/package)
add_custom_command(
  OUTPUT ${vedette_package_files}/vedette.1.gz ${vedette_package_files}/vedette.bash
         ${vedette_package_files}/vedette.zsh ${vedette_package_files}/vedette.fish
  COMMAND ${CMAKE_COMMAND} -E make_directory ${vedette_package_files}
  COMMAND vedette manual > ${vedette_package_files}/vedette.1
  COMMAND gzip -9nf ${vedette_package_files}/vedette.1
  COMMAND vedette completion bash > ${vedette_package_files}/vedette.bash
  COMMAND vedette completion zsh > ${vedette_package_files}/vedette.zsh
  COMMAND vedette completion fish > ${vedette_package_files}/vedette.fish
  DEPENDS vedette VERBATIM)
add_custom_target(package_files
  DEPENDS ${vedette_package_files}/vedette.1.gz ${vedette_package_files}/vedette.bash
          ${vedette_package_files}/vedette.zsh ${vedette_package_files}/vedette.fish)

install(TARGETS vedette RUNTIME DESTINATION bin)
install(FILES ${vedette_package_files}/vedette.1.gz DESTINATION share/man/man1)
install(FILES ${vedette_package_files}/vedette.bash
  DESTINATION share/bash-completion/completions RENAME vedette)
install(FILES ${vedette_package_files}/vedette.zsh
  DESTINATION share/zsh/vendor-completions RENAME _vedette)
install(FILES ${vedette_package_files}/vedette.fish
  DESTINATION share/fish/vendor_completions.d)
install(FILES deploy/vedette.service DESTINATION /lib/systemd/system)
install(FILES deploy/vedette.toml DESTINATION /etc/vedette)
install(FILES LICENSE DESTINATION share/doc/vedette RENAME copyright)
install(FILES README.md CHANGELOG.md docs/config.md docs/deploy.md DESTINATION share/doc/vedette)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME vedette)
set(CPACK_PACKAGE_CONTACT "The Vedette project <vedette@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "sentry for IoT fleets")
set(CPACK_PACKAGE_DESCRIPTION "Subscribes to an MQTT broker, judges every network flow and sensor \
reading as it arrives, stores each with its verdict, raises alerts and shows them on a live page.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "mosquitto")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/prerm
  ${CMAKE_SOURCE_DIR}/deploy/debian/postrm ${CMAKE_SOURCE_DIR}/deploy/debian/conffiles)
include(CPack)
