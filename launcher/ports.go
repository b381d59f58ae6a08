package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"slipway/devserver"
	"slipway/process"
)

// checkPorts names every address that cannot be had, and what moves it.
func checkPorts(ctx context.Context, programs []program) error {
	var obstacles []error
	wanted := map[string]string{}
	for _, p := range programs {
		for _, e := range p.endpoints {
			if other, twice := wanted[e.address]; twice {
				obstacles = append(obstacles, fmt.Errorf("%s and %s both say %s: choose another for one of them",
					other, e.variable, e.address))
				continue
			}
			wanted[e.address] = e.variable
			obstacles = append(obstacles, e.check(ctx))
		}
	}
	return errors.Join(obstacles...)
}

func (e endpoint) check(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", e.address)
	if err == nil {
		return listener.Close()
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(e.address)
		return fmt.Errorf("port %s is taken by another program: stop it, or choose another with %s=…", port, e.variable)
	}
	return fmt.Errorf("cannot listen on %s: %w: choose another address with %s=…", e.address, err, e.variable)
}

// hidden is a free address on this machine that no web page can find by trying.
func hidden(ctx context.Context) (netip.AddrPort, error) {
	guess := [4]byte{127}
	_, _ = rand.Read(guess[1:]) // never fails
	address, err := process.FreeAddress(ctx, netip.AddrFrom4(guess).String())
	if err != nil { // outside of Linux most of 127.0.0.0/8 is nobody's, and only the port is left to hide
		address, err = process.FreeAddress(ctx, devserver.Host)
	}
	return address, err
}
