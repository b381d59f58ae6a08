// Package config reads what every program of Slipway is told by its environment, and opens what it names.
package config

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// Common is what worker, web and starter share.
type Common struct {
	// VarDir holds everything that is kept on this machine when nothing else is configured.
	VarDir string `env:"VAR_DIR" envDefault:"var"`
	// DatabaseURL names the catalogue: sqlite:PATH or postgres://…; empty means slipway.db in VarDir.
	DatabaseURL string `env:"DATABASE_URL"`
	// PackageStore names where packages are kept: a folder or s3://…; empty means packages in VarDir.
	PackageStore string `env:"PACKAGE_STORE"`
	// LogLevel is debug, info, warn or error.
	LogLevel zapcore.Level `env:"LOG_LEVEL" envDefault:"info"`
}

// Parse fills a configuration from the environment. The error names every variable that is wrong, not only the first.
func Parse(into any) error {
	if err := env.Parse(into); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return nil
}

// Database is the URL of the catalogue.
func (c Common) Database() string {
	if c.DatabaseURL != "" {
		return c.DatabaseURL
	}
	return "sqlite:" + filepath.Join(c.VarDir, "slipway.db")
}

// Packages is the location of the package store.
func (c Common) Packages() string {
	if c.PackageStore != "" {
		return c.PackageStore
	}
	return filepath.Join(c.VarDir, "packages")
}

// MakeVarDir creates the folder for what is kept on this machine.
func (c Common) MakeVarDir() error {
	if err := os.MkdirAll(c.VarDir, 0o750); err != nil {
		return fmt.Errorf("VAR_DIR: %w", err)
	}
	return nil
}

// Logger writes JSON lines to standard error.
func (c Common) Logger() (*zap.Logger, error) {
	settings := zap.NewProductionConfig()
	settings.Level = zap.NewAtomicLevelAt(c.LogLevel)
	settings.EncoderConfig.EncodeTime = zapcore.ISO8601TimeEncoder
	settings.EncoderConfig.TimeKey = "time"
	settings.Sampling = nil // an audit-minded product drops no line
	logger, err := settings.Build()
	if err != nil {
		return nil, fmt.Errorf("logger: %w", err)
	}
	return logger, nil
}

// Temporal gives the options to connect with: address, namespace, API key and TLS as Temporal's own tools read them,
// from TEMPORAL_… variables and the profile file.
func Temporal(logger *zap.Logger) (client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return options, fmt.Errorf("configuration of the connection to Temporal: %w", err)
	}
	options.Namespace = cmp.Or(options.Namespace, client.DefaultNamespace)
	options.HostPort = cmp.Or(options.HostPort, client.DefaultHostPort)
	options.Logger = log.NewStructuredLogger(slog.New(zapslog.NewHandler(logger.Core())))
	return options, nil
}
