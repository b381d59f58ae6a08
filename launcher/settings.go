package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"slipway/devserver"
)

// settings are what the environment says.
type settings struct {
	varDir          string
	temporal        devserver.Options
	uiPort          int
	serverElsewhere string // TEMPORAL_ADDRESS: a server that is not ours to start
	workerAddr      string
	webAddr         string
	keyFiles        []string // VARIABLE=PATH of the keys that the environment does not have
}

func settingsFromEnvironment() (settings, error) {
	varDir := fromEnvironment("VAR_DIR", "var")
	port, portErr := portFromEnvironment("TEMPORAL_PORT", "7233")
	uiPort, uiErr := portFromEnvironment("TEMPORAL_UI_PORT", "8233")
	worker, workerErr := addressFromEnvironment("WORKER_ADDR", "127.0.0.1:8081")
	web, webErr := addressFromEnvironment("WEB_ADDR", "127.0.0.1:8080")
	return settings{
		varDir: varDir,
		temporal: devserver.Options{
			Port:   port,
			DBFile: filepath.Join(varDir, "temporal.db"),
		},
		uiPort:          uiPort,
		serverElsewhere: os.Getenv("TEMPORAL_ADDRESS"),
		workerAddr:      worker,
		webAddr:         web,
	}, errors.Join(portErr, uiErr, workerErr, webErr)
}

// uiAddr is where people find Temporal UI: behind the proxy.
func (s settings) uiAddr() string {
	return net.JoinHostPort(devserver.Host, strconv.Itoa(s.uiPort))
}

// environment leads the children to the right server: ours needs none of the credentials or namespaces that a person's
// profile may hold for other servers, and would refuse them.
func (s settings) environment() []string {
	env := os.Environ()
	if s.serverElsewhere == "" {
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "TEMPORAL_") })
		env = append(env, "TEMPORAL_ADDRESS="+s.temporal.Address(), "TEMPORAL_CONFIG_FILE="+os.DevNull, "TEMPORAL_UI_URL=http://"+s.uiAddr())
	}
	env = append(env, s.keyFiles...)
	if os.Getenv("CODEC_ORIGINS") == "" {
		env = append(env, fmt.Sprintf("CODEC_ORIGINS=http://%s,http://localhost:%d", s.uiAddr(), s.uiPort))
	}
	return append(env, "VAR_DIR="+s.varDir)
}

// codec is the address of the web when payloads are encrypted, so that Temporal UI asks it for what they say; "" otherwise.
func (s settings) codec() string {
	if os.Getenv("PAYLOAD_KEY") == "" && os.Getenv("PAYLOAD_KEY_FILE") == "" {
		return ""
	}
	return s.webAddr
}

func fromEnvironment(variable, otherwise string) string {
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return otherwise
}

func portFromEnvironment(variable, otherwise string) (int, error) {
	value := fromEnvironment(variable, otherwise)
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("%s=%s is not a port: give a number from 1 to 65535", variable, value)
	}
	return int(port), nil
}

func addressFromEnvironment(variable, otherwise string) (string, error) {
	value := fromEnvironment(variable, otherwise)
	if _, _, err := net.SplitHostPort(value); err != nil {
		return "", fmt.Errorf("%s=%s is not an address: give host and port, such as %s", variable, value, otherwise)
	}
	return value, nil
}

// chosen are the variables that a command has to be given to find what runs here, as one would type them before it.
func chosen() string {
	var text strings.Builder
	for _, variable := range []string{"TEMPORAL_ADDRESS", "TEMPORAL_PORT", "WEB_ADDR", "VAR_DIR"} {
		if value := os.Getenv(variable); value != "" {
			text.WriteString(variable + "=" + value + " ")
		}
	}
	return text.String()
}
