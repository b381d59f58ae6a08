package packages

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
)

// Limits bound what an inspection reads and accepts.
type Limits struct {
	PackageBytes int64 // of the package itself
	Files        int   // files and folders
	FileBytes    int64 // of one file, unpacked
	TotalBytes   int64 // of all files, unpacked
	Ratio        int64 // unpacked : packed, of files above a mebibyte
	Depth        int   // parts of a path
	JSONBytes    int64 // of a manifest or another document that is parsed
	JSONTotal    int64 // of all these documents
	JSONDepth    int   // of objects and lists in each other
}

// DefaultLimits leave room for large real mini-programs and none for bombs.
var DefaultLimits = Limits{
	PackageBytes: 20 << 20,
	Files:        10_000,
	FileBytes:    20 << 20,
	TotalBytes:   200 << 20,
	Ratio:        200,
	Depth:        32,
	JSONBytes:    512 << 10,
	JSONTotal:    4 << 20,
	JSONDepth:    64,
}

// LimitsFor are the default limits with another one on the package, in bytes. A larger package may hold a larger file.
func LimitsFor(packageBytes int64) Limits {
	limits := DefaultLimits
	limits.PackageBytes = packageBytes
	limits.FileBytes = max(limits.FileBytes, packageBytes)
	return limits
}

// Options say what is known about a package before it is read.
type Options struct {
	Version string // given at upload; "" when none was
	Limits  Limits // the zero value means DefaultLimits
}

// inspection is one package being inspected.
type inspection struct {
	*archive
	options Options
	limits  Limits
	report  *Report
	files   fileIndex

	root      string         // folder of the manifest with a slash at the end; "" for the root of the package
	manifest  string         // path of the manifest
	value     map[string]any // the manifest, parsed; nil when it cannot be
	strays    []candidate    // manifests that lie where they do not count, when they were looked for
	themeFile *document      // of the app.json family, when it was looked at
	// documents are the other JSON files that the format gives a meaning to, and what checks their value.
	documents map[string]func(name string, value any)
	// roots are those of the subpackages, independent those of the ones that run without the main package; both are sorted.
	roots, independent []string
	// libraries are what each subpackage says in "useExtendedLib", by its root.
	libraries map[string]map[string]any
	// fingerprints are made only for a comparison.
	fingerprints map[string]fingerprint
}

// Inspect reads the package of that size in bytes and reports everything that is wrong with it, and what it is. A bad
// package is not an error: the error is one of reading r, or of ctx.
func Inspect(ctx context.Context, r io.ReaderAt, size int64, options Options) (Report, error) {
	report, _, err := inspect(ctx, r, size, options, nil)
	return report, err
}

// inspect also takes the fingerprints of the files when there is a map to put them into.
func inspect(ctx context.Context, r io.ReaderAt, size int64, options Options, prints map[string]fingerprint) (Report, *inspection, error) {
	if options.Limits == (Limits{}) {
		options.Limits = DefaultLimits
	}
	report := newReport(size)
	found := &findings{}
	src := &source{r: r, size: size}
	var hashing sync.WaitGroup
	hashing.Go(func() { report.SHA256 = hashOf(src, size) })
	in := inspectArchive(ctx, src, &report, options, found, prints)
	hashing.Wait()
	report.Findings = found.sorted()
	if err := ctx.Err(); err != nil {
		return Report{}, nil, err
	}
	return report, in, src.failure()
}

func newReport(size int64) Report {
	return Report{
		Size: size, Pages: []string{}, Widgets: []string{}, Parts: []Part{}, Permissions: []Permission{}, Plugins: []Plugin{},
		Domains: []Domain{}, Locales: []string{}, Kinds: []KindSize{}, Largest: []FileSize{},
	}
}

// inspectArchive returns nil when there is no archive to inspect.
func inspectArchive(
	ctx context.Context, src *source, report *Report, options Options, found *findings, prints map[string]fingerprint,
) *inspection {
	limits := options.Limits
	if report.Size > limits.PackageBytes {
		found.add(packageTooLarge, "", "the package has %d bytes; at most %d are allowed", report.Size, limits.PackageBytes)
		return nil
	}
	archive := openArchive(src, report.Size, limits, found)
	if archive == nil {
		return nil
	}
	files := archive.checkNames(limits)
	in := &inspection{
		archive: archive, options: options, limits: limits, report: report, files: newFileIndex(files),
		documents: map[string]func(string, any){}, fingerprints: prints,
	}
	report.Files, report.Signature = len(files), archive.signature
	in.reportDesktop()
	in.reportDeveloper(files)
	in.detectFormat()
	switch report.Format {
	case W3C:
		in.checkW3C()
	case AppJSON:
		in.checkAppJSON()
	}
	in.checkVersion()
	in.readContents(ctx, files)
	return in
}

// checkVersion settles which version the package is: the manifest's where it has one, else the one given at upload.
func (in *inspection) checkVersion() {
	given, stated := in.options.Version, in.report.Version
	if stated == "" {
		in.report.Version = given
	}
	switch {
	case in.report.Format == AppJSON && given == "":
		in.findings.add(versionMissing, "", "app.json states no version; give one with the upload")
	case stated != "" && given != "" && stated != given:
		in.findings.add(versionMismatch, in.manifest, "the manifest says version %q, the upload says %q; make them the same", stated, given)
	}
	switch hint := semanticHint(in.report.Version); {
	case in.report.Version == "" || hint == "":
	case stated == "":
		in.findings.add(versionForm, "", "version %q, given with the upload, is not a semantic version; write %s", given, hint)
	default:
		in.findings.add(versionForm, in.manifest, "version %q is not a semantic version; write %s", stated, hint)
	}
}

// semanticHint says what to write instead of a version that is not semantic; "" when it is.
func semanticHint(version string) string {
	if _, err := semver.StrictNewVersion(version); err == nil {
		return ""
	}
	if lenient, err := semver.NewVersion(strings.TrimSpace(version)); err == nil {
		return lenient.String() + " for example"
	}
	return "three numbers such as 1.0.0"
}

// source is the package as it is read: it never reads beyond the size, and remembers the first failure, so that the
// rest of the inspection may take a failed read for a damaged package.
type source struct {
	r    io.ReaderAt
	size int64

	mu  sync.Mutex
	err error
}

func (s *source) ReadAt(b []byte, offset int64) (int, error) {
	if offset < 0 || offset >= s.size {
		return 0, io.EOF
	}
	wanted := min(int64(len(b)), s.size-offset)
	n, err := s.r.ReadAt(b[:wanted], offset)
	if int64(n) < wanted {
		s.fail(offset+int64(n), err)
		return n, err
	}
	if wanted < int64(len(b)) {
		return n, io.EOF
	}
	return n, nil
}

func (s *source) fail(offset int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = fmt.Errorf("read package at byte %d of %d: %w", offset, s.size, err)
	}
}

func (s *source) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func hashOf(r io.ReaderAt, size int64) string {
	h := sha256.New()
	_, _ = io.Copy(h, io.NewSectionReader(r, 0, size)) // a failure is the source's
	return hexSum(h)
}
