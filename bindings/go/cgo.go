package jsvm

/*
#cgo !jsvm_tree pkg-config: jsvm
#cgo jsvm_tree CFLAGS: -I${SRCDIR}/../../include
#cgo jsvm_tree LDFLAGS: -ljsvm
#cgo CFLAGS: -std=gnu11 -Wall -Wextra -Wno-unused-parameter
#include "shim.h"

// They release, read or signal, and call nobody back: finalizers that a release brings due run on a thread of libjsvm's.
#cgo nocallback jsvm_slot_clear
#cgo noescape jsvm_slot_clear
#cgo nocallback jsvm_slot_list_clear
#cgo noescape jsvm_slot_list_clear
#cgo nocallback jsvm_graph_clear
#cgo noescape jsvm_graph_clear
#cgo nocallback jsvm_bytes_clear
#cgo noescape jsvm_bytes_clear
#cgo nocallback jsvm_value_free
#cgo noescape jsvm_value_free
#cgo nocallback jsvm_value_clone
#cgo noescape jsvm_value_clone
#cgo nocallback jsvm_value_kind
#cgo noescape jsvm_value_kind
#cgo nocallback jsvm_value_flags
#cgo noescape jsvm_value_flags
#cgo nocallback jsvm_context_free
#cgo noescape jsvm_context_free
#cgo nocallback jsvm_cancel_new
#cgo noescape jsvm_cancel_new
#cgo nocallback jsvm_cancel_trigger
#cgo noescape jsvm_cancel_trigger
#cgo nocallback jsvm_cancel_free
#cgo noescape jsvm_cancel_free
#cgo nocallback jsvm_slot_set_string
#cgo noescape jsvm_slot_set_string
#cgo nocallback jsvm_error_free
#cgo noescape jsvm_error_free
#cgo nocallback jsvm_error_frame
#cgo noescape jsvm_error_frame
#cgo nocallback jsvm_error_exception
#cgo noescape jsvm_error_exception
#cgo nocallback jsvm_go_error_read
#cgo noescape jsvm_go_error_read
#cgo nocallback jsvm_live_handles
*/
import "C"
