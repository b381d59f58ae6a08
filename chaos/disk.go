package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"slipway/process"
)

// disk is a folder that can be full: a small tmpfs, where this machine lets us mount one.
type disk struct {
	folder string
	small  bool // it is one, and can be filled without harm to others
}

const diskSize = "768m"

// mountDisk makes the folder. That it cannot be filled is no error.
func mountDisk(folder string) (*disk, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // PostgreSQL's user has to pass
		return nil, err
	}
	err := quietly(exec.Command("mount", "-t", "tmpfs", "-o", "mode=0755,size="+diskSize, "slipway-chaos", folder))
	return &disk{folder: folder, small: err == nil}, nil
}

func quietly(command *exec.Cmd) error {
	child, err := process.Start(command, func(string) {})
	if err != nil {
		return err
	}
	<-child.Done()
	if !child.Succeeded() {
		return errors.New(child.Exit())
	}
	return nil
}

func (d *disk) ballast() string { return filepath.Join(d.folder, "ballast") }

// fill leaves no room on the disk.
func (d *disk) fill() error {
	file, err := os.Create(d.ballast())
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	nothing := make([]byte, 1<<20)
	for size := len(nothing); size >= 1<<12; {
		_, err := file.Write(nothing[:size])
		switch {
		case errors.Is(err, syscall.ENOSPC):
			size /= 2
		case err != nil:
			return err
		}
	}
	return nil
}

// empty makes room again.
func (d *disk) empty() { _ = os.Remove(d.ballast()) }

// close gives the folder back.
func (d *disk) close(log io.Writer) {
	if !d.small {
		return
	}
	if err := quietly(exec.Command("umount", d.folder)); err != nil {
		_, _ = fmt.Fprintf(log, "%s stays mounted: %s\n", d.folder, err)
	}
}
