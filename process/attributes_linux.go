package process

import "syscall"

// attributes have the kernel end the child when we die without a chance to stop it, as after kill -9.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
