package packages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/memblob" // mem:// for tests
	_ "gocloud.dev/blob/s3blob"  // s3:// in production
	"gocloud.dev/gcerrors"
)

var (
	// ErrNotFound says that the store holds no package of that sha256.
	ErrNotFound = errors.New("package not found")
	// ErrTooLarge says that an upload is larger than Store.MaxBytes; nothing of it was kept.
	ErrTooLarge = errors.New("package too large")
	// ErrCorrupt says that the stored bytes no longer have the sha256 that they are stored under.
	ErrCorrupt = errors.New("stored package is corrupt")
)

// Store keeps packages by the sha256 of their content, in a folder or a bucket that several processes may share.
// All methods may be called concurrently.
type Store struct {
	// MaxBytes is the largest upload that Put takes, in bytes.
	MaxBytes int64

	bucket *blob.Bucket
	// verified remembers which files were hashed since they last changed, so that serving the same package a thousand
	// times hashes it once: sha256 -> fileIdentity.
	verified sync.Map
}

type fileIdentity struct {
	size    int64
	modTime int64 // nanoseconds since 1970
}

// Content is one stored package, opened for reading from any position. Close it.
type Content struct {
	*io.SectionReader
	io.Closer
}

// OpenStore opens the store at a plain path or a file:// URL (a folder, created when missing), s3://bucket?region=…
// (credentials from the environment, as the AWS tools read them), or mem:// (gone with the Store).
func OpenStore(ctx context.Context, location string) (*Store, error) {
	bucket, err := openBucket(ctx, location)
	if err != nil {
		return nil, fmt.Errorf("open package store %q: %s", shown(location), urls.ReplaceAllLiteralString(err.Error(), shown(location)))
	}
	return &Store{MaxBytes: DefaultLimits.PackageBytes, bucket: bucket}, nil
}

var (
	urls     = regexp.MustCompile(`[a-z0-9+.-]+://[^\s"]*[^\s":]`)
	userinfo = regexp.MustCompile(`//[^/]*@`)
)

// shown is a location without what may be secret in it: its user and the values of its query.
func shown(location string) string {
	location, _, _ = strings.Cut(location, "?")
	return userinfo.ReplaceAllLiteralString(location, "//")
}

func openBucket(ctx context.Context, location string) (*blob.Bucket, error) {
	scheme, _, isURL := strings.Cut(location, "://")
	if isURL && scheme != "file" {
		return blob.OpenBucket(ctx, location)
	}
	folder := location
	if isURL {
		parsed, err := url.Parse(location)
		if err != nil {
			return nil, err
		}
		folder = parsed.Path
	}
	if folder == "" {
		return nil, errors.New("no folder named; give a path, file:///absolute/path, s3://bucket or mem://")
	}
	return fileblob.OpenBucket(filepath.FromSlash(folder), &fileblob.Options{
		CreateDir: true,
		NoTempDir: true, // renaming is atomic only within one file system
		Metadata:  fileblob.MetadataDontWrite,
	})
}

// Close releases what the store holds open.
func (s *Store) Close() error { return s.bucket.Close() }

// Put keeps everything that r delivers and returns its sha256 (lower-case hex) and size in bytes. The package appears
// whole or not at all, and content that is there already is not stored twice. More than MaxBytes is ErrTooLarge.
func (s *Store) Put(ctx context.Context, r io.Reader) (sum string, size int64, err error) {
	file, sum, err := spool(io.LimitReader(r, s.MaxBytes+1))
	if err != nil {
		return "", 0, fmt.Errorf("receive package: %w", err)
	}
	defer func() { _ = file.Close() }()
	if file.Size() > s.MaxBytes {
		return "", 0, fmt.Errorf("%w: it has more than the %d bytes allowed", ErrTooLarge, s.MaxBytes)
	}
	// Content that is there already is written again: that makes it young, so that a sweep going on leaves it alone,
	// and heals a corrupt copy.
	if err := s.write(ctx, sum, file); err != nil {
		return "", 0, fmt.Errorf("store package %s: %w", sum, err)
	}
	return sum, file.Size(), nil
}

func (s *Store) write(ctx context.Context, key string, r io.Reader) error {
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	var file *os.File
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{
		ContentType: "application/zip",
		BeforeWrite: func(as func(any) bool) error {
			as(&file)
			return nil
		},
	})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	if err == nil && file != nil {
		err = file.Sync() // or a power cut could leave the name without the content
	}
	if err != nil {
		abandon()
		_ = w.Close()
		return err
	}
	return w.Close()
}

// Open returns the package of that sha256, its content verified. It is ErrNotFound when there is none and ErrCorrupt
// when the content has changed since it was stored.
func (s *Store) Open(ctx context.Context, sum string) (*Content, error) {
	if !isSHA256(sum) {
		return nil, fmt.Errorf("%w: %.80q is not a sha256 of 64 lower-case hex digits", ErrNotFound, sum)
	}
	content, actual, err := s.open(ctx, sum)
	switch {
	case err != nil:
		return nil, failedToOpen(sum, err)
	case actual != sum:
		_ = content.Close()
		return nil, fmt.Errorf("%w: what is stored as %s has sha256 %s; upload the package again", ErrCorrupt, sum, actual)
	}
	return content, nil
}

func failedToOpen(sum string, err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("%w: %s", ErrNotFound, sum)
	}
	return fmt.Errorf("open package %s: %w", sum, err)
}

// open returns the content and its actual sha256. A file is read where it lies; what lies elsewhere is fetched first,
// because a package is read from its end.
func (s *Store) open(ctx context.Context, key string) (*Content, string, error) {
	r, err := s.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, "", err
	}
	var inner io.Reader
	r.As(&inner)
	if file, ok := inner.(*os.File); ok {
		content := &Content{io.NewSectionReader(file, 0, r.Size()), r}
		actual, err := s.verify(key, content, r.ModTime())
		return content, actual, err
	}
	defer func() { _ = r.Close() }()
	return spool(r)
}

func (s *Store) verify(key string, content *Content, modified time.Time) (string, error) {
	identity := fileIdentity{content.Size(), modified.UnixNano()}
	if known, ok := s.verified.Load(key); ok && known == identity {
		return key, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(content, 0, content.Size())); err != nil {
		_ = content.Close()
		return "", err
	}
	actual := hexSum(h)
	if actual == key {
		s.verified.Store(key, identity)
	}
	return actual, nil
}

// Exists tells whether the store has a package of that sha256, without reading it.
func (s *Store) Exists(ctx context.Context, sum string) (bool, error) {
	if !isSHA256(sum) {
		return false, nil
	}
	exists, err := s.bucket.Exists(ctx, sum)
	if err != nil {
		return false, fmt.Errorf("look for package %s: %w", sum, err)
	}
	return exists, nil
}

// spool copies r into a temporary file that is gone once it is closed, and returns it with the sha256 of its content.
func spool(r io.Reader) (content *Content, sum string, err error) {
	file, err := os.CreateTemp("", "package-*")
	if err != nil {
		return nil, "", err
	}
	_ = os.Remove(file.Name()) // the open file stays usable, and nothing is left behind even by a crash
	h := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, h), r)
	if err != nil {
		_ = file.Close()
		return nil, "", err
	}
	return &Content{io.NewSectionReader(file, 0, size), file}, hexSum(h), nil
}

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

func isSHA256(s string) bool { return sha256Form.MatchString(s) }

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
