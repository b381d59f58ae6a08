package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"

	"slipway/devserver"
)

const postgresUser = "temporal"

// postgres is a server of Debian's package with data of its own.
type postgres struct {
	binaries string
	folder   string
	as       []string // a command that runs another as PostgreSQL's user, which root has to
	password string
	port     uint16
}

// initialize makes the server's data in a folder.
func initialize(folder string) (*postgres, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps them out of the PATH
	if err != nil || len(found) == 0 {
		return nil, errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql)")
	}
	p := &postgres{binaries: filepath.Dir(found[len(found)-1]), folder: filepath.Join(folder, "postgres"), password: rand.Text()}
	if err := os.Mkdir(p.folder, 0o700); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		if err := p.leaveRoot(); err != nil {
			return nil, err
		}
	}
	password := filepath.Join(p.folder, "password")
	if err := os.WriteFile(password, []byte(p.password), 0o644); err != nil { //nolint:gosec // in a folder that is PostgreSQL's alone
		return nil, err
	}
	return p, run(p.command("initdb", "-D", p.data(), "-U", postgresUser, "--pwfile", password,
		"--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync"))
}

func (p *postgres) leaveRoot() error {
	account, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err1 := strconv.Atoi(account.Uid)
	gid, err2 := strconv.Atoi(account.Gid)
	// Whoever changes its user loses the promise that it ends with its parent; setpriv gives it anew.
	p.as = []string{"setpriv", "--reuid", account.Uid, "--regid", account.Gid, "--clear-groups", "--pdeathsig", "KILL", "--"}
	return errors.Join(err1, err2, os.Chown(p.folder, uid, gid))
}

func (p *postgres) command(program string, arguments ...string) *exec.Cmd {
	words := append(append(p.as[:len(p.as):len(p.as)], filepath.Join(p.binaries, program)), arguments...)
	command := exec.Command(words[0], words[1:]...)
	command.Dir = p.folder
	return command
}

func (p *postgres) data() string { return filepath.Join(p.folder, "data") }
func (p *postgres) addr() string { return net.JoinHostPort(devserver.Host, strconv.Itoa(int(p.port))) }

func (p *postgres) server() *exec.Cmd {
	return p.command("postgres", "-D", p.data(), "-p", strconv.Itoa(int(p.port)), "-c", "listen_addresses="+devserver.Host,
		"-c", "unix_socket_directories="+p.folder, "-c", "max_connections=200")
}

func (p *postgres) accepts() error {
	return run(p.command("pg_isready", "-h", p.folder, "-p", strconv.Itoa(int(p.port))))
}

func (p *postgres) create(database string) error {
	return run(p.command("createdb", "-h", p.folder, "-p", strconv.Itoa(int(p.port)), "-U", postgresUser, database))
}

func (p *postgres) url(address, database string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", postgresUser, p.password, address, database)
}

// freeHost is an address of 127.0.0.0/8 with a port that nobody listens at.
func freeHost(ctx context.Context, port string) (host string, err error) {
	for range 20 {
		var guess [2]byte
		_, _ = rand.Read(guess[:]) // never fails
		host = fmt.Sprintf("127.%d.%d.1", 64+guess[0]%64, 1+guess[1]%250)
		var listener net.Listener
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port)); err == nil {
			return host, listener.Close()
		}
	}
	return "", err
}
