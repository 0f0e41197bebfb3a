/*
 * jsvm.hpp: libjsvm for C++17 and later, over all of jsvm.h. Header-only; link with -ljsvm.
 *
 *   jsvm::isolate isolate;
 *   jsvm::context context = isolate.main_context();
 *   context.global().set("add", [](double a, double b) { return a + b; });
 *   double sum = context.evaluate("add(1, 2)").as<double>();
 *
 * - Each class owns a handle and frees it at its end, in any order, on any thread, after the isolate too. Moving is
 *   free; clone() makes a second owner; get() lends the C handle, release() gives it up.
 * - What fails throws: jsvm::error (error.hpp), type_error and range_error for values of another kind. So does every
 *   function here that is not noexcept, and std::bad_alloc.
 * - Unless a comment says otherwise a function may be called on any thread and waits for the isolate, as its namesake
 *   in jsvm.h does, which has the details. One object is not for two threads at once, but const functions.
 * - Values convert from and to C++ types, containers and callables (value::as, context::make). What a C++ callback
 *   throws becomes a JavaScript error and comes out again as what it was (function.hpp). No C++ exception crosses C.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_HPP
#define JSVM_HPP

#include "jsvm/file_loader.hpp"
#include "jsvm/isolate.hpp"

#endif
