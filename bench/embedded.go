package main

import (
	"context"
	"os"
	"path/filepath"

	"slipway/devserver"
	"slipway/process"
)

// serverOnDisk is the development server as `make run` starts it, with its data in a file: in memory it would keep all that ever happened.
func (in *installation) serverOnDisk(ctx context.Context) (options devserver.Options, program process.Program, err error) {
	cli, err := devserver.CLI(ctx, os.Stderr)
	if err != nil {
		return options, program, err
	}
	address, err := process.FreeAddress(ctx, devserver.Host)
	options = devserver.Options{Port: int(address.Port()), DBFile: filepath.Join(in.folder, "temporal.db")}
	return options, options.Program(cli), err
}

// startEmbedded starts it, and tells how large its databases are.
func (in *installation) startEmbedded(ctx context.Context) error {
	options, program, err := in.serverOnDisk(ctx)
	if err != nil {
		return err
	}
	in.temporal, in.temporalServer = options.Address(), program.Command
	if err := in.supervisor.Start(ctx, program); err != nil {
		return err
	}
	in.fillingURL = "file:" + filepath.Join(in.folder, "slipway.db") + "?_synchronous=OFF"
	in.size = func(context.Context) (temporal, catalogue int64, err error) {
		return fileSizes(options.DBFile), fileSizes(filepath.Join(in.folder, "slipway.db")), nil
	}
	in.client.Temporal, err = connect(ctx, in.temporal)
	return err
}

// fileSizes is how many bytes a SQLite database has, with what is not yet in its file.
func fileSizes(database string) (bytes int64) {
	for _, path := range []string{database, database + "-wal"} {
		if file, err := os.Stat(path); err == nil {
			bytes += file.Size()
		}
	}
	return bytes
}
