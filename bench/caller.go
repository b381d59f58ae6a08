package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// caller asks the same question again and again over one connection, at the least cost: every answer is as long as the
// first one.
type caller struct {
	connection net.Conn
	request    []byte
	answer     []byte
}

func call(ctx context.Context, address, path string) (*caller, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &caller{connection: connection, request: fmt.Appendf(nil,
		"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, address, len(question), question)}
	return c, c.measure()
}

// measure asks once and keeps room for an answer of this length.
func (c *caller) measure() error {
	if _, err := c.connection.Write(c.request); err != nil {
		return err
	}
	counted := &counter{Reader: c.connection}
	buffered := bufio.NewReader(counted)
	response, err := http.ReadResponse(buffered, nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", response.Status)
	}
	c.answer = make([]byte, counted.n)
	return nil
}

func (c *caller) ask() error {
	if _, err := c.connection.Write(c.request); err != nil {
		return err
	}
	_, err := io.ReadFull(c.connection, c.answer)
	return err
}

func (c *caller) close() { _ = c.connection.Close() }

// counter counts what was read.
type counter struct {
	io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}
