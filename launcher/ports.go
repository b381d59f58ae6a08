package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
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
