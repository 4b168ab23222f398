package faulttest

import "syscall"

// tied makes a process end when the tests do, however they end.
func tied() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
