// Package config reads what every program of Slipway is told by its environment, and opens what it names.
package config

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"

	"slipway/database"
	"slipway/keyring"
	"slipway/packages"
	"slipway/plain"
)

// Common is what worker, web and starter share.
type Common struct {
	// VarDir holds everything that is kept on this machine when nothing else is configured.
	VarDir string `env:"VAR_DIR" envDefault:"var"`
	// DatabaseURL names the catalogue: sqlite:PATH or postgres://…; empty means slipway.db in VarDir.
	DatabaseURL string `env:"DATABASE_URL"`
	// PackageStore names where packages are kept: a folder or s3://…; empty means packages in VarDir.
	PackageStore string `env:"PACKAGE_STORE"`
	// PackageMax is the largest package that is taken.
	PackageMax packages.MiB `env:"PACKAGE_MAX_MIB" envDefault:"20"`
	// PayloadKeys encrypt what people write in Temporal's histories; without any it is stored as it is. The variable is meant to be given as
	// PAYLOAD_KEY_FILE.
	PayloadKeys keyring.Ring `env:"PAYLOAD_KEY"`
	// LogLevel is debug, info, warn or error.
	LogLevel zapcore.Level `env:"LOG_LEVEL" envDefault:"info"`
}

// Database is the URL of the catalogue.
func (c Common) Database() string {
	if c.DatabaseURL != "" {
		return c.DatabaseURL
	}
	return "sqlite:" + filepath.Join(c.VarDir, "slipway.db")
}

// DatabaseFile is the path of the catalogue's file; "" when it is on a server, or nowhere.
func (c Common) DatabaseFile() string {
	parsed, _ := database.ParseURL(c.Database()) // whoever opens it says what is wrong
	return parsed.File
}

// Passes tells whether the database is away, so that a program that starts waits for it. A file that cannot be opened is not away but
// wrong; one that somebody has locked, or whose disk is full, is away.
func (c Common) Passes(err error) bool {
	return database.Unavailable(err) && (c.DatabaseFile() == "" || !database.Inaccessible(err))
}

// Packages is the location of the package store.
func (c Common) Packages() string {
	if c.PackageStore != "" {
		return c.PackageStore
	}
	return filepath.Join(c.VarDir, "packages")
}

// OpenPackages opens the package store, which takes packages up to the limit. The caller closes it.
func (c Common) OpenPackages(ctx context.Context) (*packages.Store, error) {
	store, err := packages.OpenStore(ctx, c.Packages())
	if err != nil {
		return nil, fmt.Errorf("PACKAGE_STORE: %w", err)
	}
	store.MaxBytes = c.PackageMax.Bytes()
	return store, nil
}

// MakeVarDir creates the folder for what is kept on this machine.
func (c Common) MakeVarDir() error {
	if err := os.MkdirAll(c.VarDir, 0o750); err != nil {
		return fmt.Errorf("VAR_DIR: %w", err)
	}
	return nil
}

// Logger writes JSON lines to standard error, in which nothing acts on the terminal of whoever reads them.
func (c Common) Logger() (*zap.Logger, error) {
	settings := zap.NewProductionConfig()
	settings.Level = zap.NewAtomicLevelAt(c.LogLevel)
	settings.EncoderConfig.EncodeTime = zapcore.ISO8601TimeEncoder
	settings.EncoderConfig.TimeKey = "time"
	settings.Sampling = nil // an audit-minded product drops no line
	shown := zapcore.Lock(zapcore.AddSync(&plain.Writer{To: os.Stderr}))
	logger, err := settings.Build(zap.WrapCore(func(zapcore.Core) zapcore.Core {
		return zapcore.NewCore(zapcore.NewJSONEncoder(settings.EncoderConfig), shown, settings.Level)
	}))
	if err != nil {
		return nil, fmt.Errorf("logger: %w", err)
	}
	return logger, nil
}

// Temporal gives the options to connect with: address, namespace, API key and TLS as Temporal's own tools read them,
// from TEMPORAL_… variables and the profile file. Payloads go through the codec of PayloadKeys.
func (c Common) Temporal(logger *zap.Logger) (client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return options, fmt.Errorf("configuration of the connection to Temporal: %w", err)
	}
	options.Namespace = cmp.Or(options.Namespace, client.DefaultNamespace)
	options.HostPort = cmp.Or(options.HostPort, client.DefaultHostPort)
	// Our messages are small: compressing them, the SDK's default, took 3 to 5 % of the CPU of web and worker (profile under make bench).
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	options.Logger = log.NewStructuredLogger(slog.New(zapslog.NewHandler(logger.Core())))
	c.encrypt(&options)
	return options, nil
}

// encrypt lets payloads be encrypted, and the messages of failures, which are no payloads. Without keys there is still a codec: it says of
// what it cannot read that the key is missing.
func (c Common) encrypt(options *client.Options) {
	options.DataConverter = converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c.PayloadCodec())
	options.FailureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: options.DataConverter, EncodeCommonAttributes: !c.PayloadKeys.Empty(),
	})
}

// PayloadCodec is the codec of PayloadKeys.
func (c Common) PayloadCodec() converter.PayloadCodec { return keyring.NewCodec(c.PayloadKeys) }
