// v8go's archive was built with glibc 2.38, whose <stdlib.h> has these names for functions of C23. Older systems, such as
// Debian 12, have the functions under their old names only. They differ in numbers that begin with 0b.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((weak)) long __isoc23_strtol(const char *text, char **end, int base) { return strtol(text, end, base); }
__attribute__((weak)) unsigned long __isoc23_strtoul(const char *text, char **end, int base) {
  return strtoul(text, end, base);
}
__attribute__((weak)) long long __isoc23_strtoll(const char *text, char **end, int base) {
  return strtoll(text, end, base);
}
__attribute__((weak)) unsigned long long __isoc23_strtoull(const char *text, char **end, int base) {
  return strtoull(text, end, base);
}
__attribute__((weak)) int __isoc23_sscanf(const char *text, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int count = vsscanf(text, format, args);
  va_end(args);
  return count;
}
__attribute__((weak)) int __isoc23_fscanf(FILE *file, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int count = vfscanf(file, format, args);
  va_end(args);
  return count;
}
