//go:build !linux

package faulttest

import "syscall"

// tied makes a process end when the tests do where the system can do that.
func tied() *syscall.SysProcAttr { return nil }
