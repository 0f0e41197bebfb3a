/*
 * Part of jsvm.hpp: ES modules out of the files of one folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_FILE_LOADER_HPP
#define JSVM_FILE_LOADER_HPP

#include "context.hpp"

namespace jsvm {

/** What a file_loader is made with: jsvm_file_loader_options. */
class file_loader_options {
 public:
  /** An import map's JSON text; addresses in it are relative to the root. */
  file_loader_options& import_map(std::string json) {
    import_map_ = std::move(json);
    return *this;
  }
  /** The library's own modules can be imported, all but "module". */
  file_loader_options& builtins(bool on = true) noexcept {
    builtins_ = on;
    return *this;
  }
  /** Bytes of the largest file that is read. */
  file_loader_options& max_file_size(std::uint64_t bytes) noexcept {
    max_file_size_ = bytes;
    return *this;
  }

  /** The C options, which point into these and the root. */
  [[nodiscard]] jsvm_file_loader_options get(std::string_view root) const noexcept {
    jsvm_file_loader_options all = {};
    all.struct_size = sizeof all;
    all.root = {root.data(), root.size()};
    all.import_map = detail::optional_text(import_map_);
    all.builtins = builtins_;
    all.max_file_size = max_file_size_;
    return all;
  }

 private:
  std::optional<std::string> import_map_;
  bool builtins_ = false;
  std::uint64_t max_file_size_ = 0;
};

/** Loads ES modules below a folder that it never leaves, for one context: jsvm_file_loader_new says what and what not. */
class file_loader : public detail::handle<jsvm_file_loader, jsvm_file_loader_free> {
 public:
  file_loader() noexcept = default;
  /** Owns a loader of jsvm.h, and makes values in its context. */
  file_loader(jsvm_file_loader* owned, const jsvm_context* home) noexcept
      : handle(owned), home_(home != nullptr ? jsvm_context_clone(home) : nullptr) {}
  /** From now on it answers import() of the context's code. */
  file_loader(const context& home, std::string_view root, const file_loader_options& options = {})
      : file_loader(make(home, options.get(root)), home.get()) {}
  /** A second owner of the same loader. No lock. */
  [[nodiscard]] file_loader clone() const { return {jsvm_file_loader_clone(get()), home_.get()}; }

  /** Loads, links and evaluates a module, "./main.mjs" for one: a promise of its namespace. JavaScript: import(specifier). */
  [[nodiscard]] promise import_module(std::string_view specifier, const run_options& limits = {}) const {
    return promise(value(detail::result<jsvm_value*>(jsvm_file_loader_import, get(), specifier.data(), specifier.size(),
                                                     limits.get()),
                         home_.get()));
  }

 private:
  static jsvm_file_loader* make(const context& home, const jsvm_file_loader_options& options) {
    return detail::result<jsvm_file_loader*>(jsvm_file_loader_new, home.get(), &options);
  }

  detail::context_handle home_;
};

}  // namespace jsvm

#endif
