#include "app/cli_reference.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace vedette {

namespace {

using Words = std::vector<std::string>;

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app, bool positional) {
  return app.get_options(
      [positional](const CLI::Option* option) { return option->get_positional() == positional; });
}

/// "--out" and "-o", also those that switch a flag off.
Words spellings(const CLI::Option& option) {
  Words out;
  for (const std::string& name : option.get_snames()) out.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) out.push_back("--" + name);
  return out;
}

std::string joined(const Words& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

/// What may stand behind these words: subcommands or options.
Words next_words(const CLI::App& app) {
  Words out;
  for (const CLI::App* command : commands_of(app)) out.push_back(command->get_name());
  for (const CLI::Option* option : options_of(app, false)) {
    for (std::string& word : spellings(*option)) out.push_back(std::move(word));
  }
  return out;
}

/// Calls see(path, app) for the program and every subcommand, "model show" after "model".
template <class See>
void each_command(const CLI::App& app, const std::string& path, See see) {
  see(path, app);
  for (const CLI::App* command : commands_of(app)) {
    each_command(*command, path.empty() ? command->get_name() : path + " " + command->get_name(),
                 see);
  }
}

// The words before the cursor that are no options tell the command; what follows is completed from
// its list, and from file names where a command takes any.
std::string bash_script(const CLI::App& app) {
  std::string cases;
  each_command(app, "", [&](const std::string& path, const CLI::App& command) {
    cases += fmt::format("    \"{}\") words=\"{}\" ;;\n", path, joined(next_words(command), " "));
  });
  return fmt::format(
      R"(# bash completion for vedette
_vedette() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} path="" words="" word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$path $word" in
{0}    esac
  done
  case "$path" in
{1}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ ${{#COMPREPLY[@]}} = 0 ] && COMPREPLY=($(compgen -f -- "$current"))
}}
complete -o filenames -F _vedette vedette
)",
      [&] {
        std::string steps;
        each_command(app, "", [&](const std::string& path, const CLI::App& command) {
          for (const CLI::App* next : commands_of(command)) {
            const std::string whole =
                path.empty() ? next->get_name() : path + " " + next->get_name();
            steps +=
                fmt::format("      \"{} {}\") path=\"{}\" ;;\n", path, next->get_name(), whole);
          }
        });
        return steps;
      }(),
      cases);
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string_view{"'\\''"} : std::string_view{&c, 1};
  return out + "'";
}

/// The first line of a description.
std::string_view summary_of(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

std::string fish_script(const CLI::App& app) {
  std::string out = "# fish completion for vedette\n";
  each_command(app, "", [&](const std::string& path, const CLI::App& command) {
    const std::string when =
        path.empty() ? "__fish_use_subcommand"
                     : "__fish_seen_subcommand_from " + path.substr(path.rfind(' ') + 1);
    for (const CLI::App* next : commands_of(command)) {
      out += fmt::format("complete -c vedette -n {} -f -a {} -d {}\n", single_quoted(when),
                         next->get_name(), single_quoted(summary_of(next->get_description())));
    }
    for (const CLI::Option* option : options_of(command, false)) {
      out += fmt::format("complete -c vedette -n {}", single_quoted(when));
      for (const std::string& name : option->get_snames()) out += " -s " + name;
      for (const std::string& name : option->get_lnames()) out += " -l " + name;
      out += fmt::format(" -d {}\n", single_quoted(summary_of(option->get_description())));
    }
  });
  return out;
}

// ---- the manual ----------------------------------------------------------------------------

/// roff reads a leading dot or quote as a command and '-' as a hyphen that cannot be copied.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool starts = out.empty() || out.back() == '\n';
    if (starts && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string option_entry(const CLI::Option& option, const std::string& term) {
  const std::string type = option.get_type_name();
  const std::string standing = option.get_default_str();
  std::string out = fmt::format(".TP\n.B {}", roff(term));
  if (!type.empty() && option.get_items_expected_max() > 0) out += " " + roff(type);
  out += "\n" + roff(option.get_description()) + "\n";
  if (!standing.empty()) out += fmt::format("(default: {})\n", roff(standing));
  return out;
}

std::string command_section(const std::string& path, const CLI::App& command) {
  std::string usage = "vedette " + path;
  for (const CLI::Option* option : options_of(command, true)) {
    const std::string name = option->get_name(true);
    usage += option->get_required() ? " " + name : " [" + name + "]";
  }
  std::string out = fmt::format(".SS {}\n{}\n", roff(usage), roff(command.get_description()));
  for (const CLI::Option* option : options_of(command, true)) {
    out += option_entry(*option, option->get_name(true));
  }
  for (const CLI::Option* option : options_of(command, false)) {
    out += option_entry(*option, joined(spellings(*option), ", "));
  }
  if (const std::string footer = command.get_footer(); !footer.empty()) {
    out += ".PP\n.nf\n" + roff(footer) + "\n.fi\n";
  }
  return out;
}

}  // namespace

Result<std::string> completion_script(const CLI::App& app, std::string_view shell) {
  if (shell == "bash") return bash_script(app);
  // zsh runs completions of bash; one script less to keep right.
  if (shell == "zsh") {
    return "#compdef vedette\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(app);
  }
  if (shell == "fish") return fish_script(app);
  return Error{Errc::not_found, fmt::format("no completion for {}; there is bash, zsh, fish",
                                            vedette::quoted(shell))};
}

std::string manual_page(const CLI::App& app, std::string_view version) {
  std::string out = fmt::format(
      ".TH VEDETTE 1 \"\" \"vedette {}\" \"User Commands\"\n"
      ".SH NAME\nvedette \\- {}\n"
      ".SH SYNOPSIS\n.B vedette\n.I command\n[options]\n"
      ".SH COMMANDS\n",
      version, roff("a sentry for IoT fleets"));
  each_command(app, "", [&](const std::string& path, const CLI::App& command) {
    if (!path.empty() && commands_of(command).empty()) out += command_section(path, command);
  });
  out +=
      ".SH FILES\n"
      ".TP\n.I /etc/vedette/vedette.toml\nthe configuration of the packaged service\n"
      ".TP\n.I /var/lib/vedette\nits store and its models\n"
      ".SH EXIT STATUS\n0 done, 1 bad input, 2 usage, 3 environment (a port, a disk, a broker or "
      "a database that refuses), 130 interrupted.\n";
  return out;
}

}  // namespace vedette
