package db

import (
	"net"
	"syscall"
	"testing"
)

// R28 R2: a database whose machine is gone without a word is noticed within fifteen seconds.
func TestConnectionsAskWhetherTheOtherEndIsThere(t *testing.T) {
	t.Parallel()
	there, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	conn, err := dial(t.Context(), "tcp", there.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	option := func(level, name int) (value int) {
		err := raw.Control(func(fd uintptr) {
			var optErr error
			if value, optErr = syscall.GetsockoptInt(int(fd), level, name); optErr != nil {
				t.Error(optErr)
			}
		})
		if err != nil {
			t.Error(err)
		}
		return value
	}
	idle, interval, count := option(syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE), option(syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL), option(syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT)
	if on := option(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE); on == 0 || idle+interval*count > 15 {
		t.Errorf("keep-alive %d: after %d s, every %d s, %d times", on, idle, interval, count)
	}
}
