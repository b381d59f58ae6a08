// Package backup keeps catalogue and packages in one archive, as they were at one moment, and brings them back, into SQLite or PostgreSQL
// whichever they came from.
//
// The archive is a ZIP: tables/NAME.ndjson with a row a line, packages/SHA256, and at last manifest.json, which has the SHA-256 of each. An
// archive that was cut off has no manifest.
package backup

import (
	"archive/zip"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// ErrArchive is wrapped by errors about an archive that cannot be restored.
var ErrArchive = errors.New("this is no archive that can be restored")

const (
	manifestName    = "manifest.json"
	tablesFolder    = "tables/"
	packagesFolder  = "packages/"
	manifestVersion = 1
	// maxManifest bounds what is read of a manifest; a package has some hundred bytes in it.
	maxManifest = 1 << 30
)

// Manifest is what is in an archive.
type Manifest struct {
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	// Schema is the version of the tables: an archive is restored into the same.
	Schema int64 `json:"schema"`
	// Change is the last change of the catalogue.
	Change   int64          `json:"change"`
	Tables   []Table        `json:"tables"`
	Packages []ArchivedFile `json:"packages"`
	// Missing are packages that the catalogue refers to and the store did not have, or had damaged.
	Missing []string `json:"missing,omitempty"`
}

// Table is one of the catalogue's.
type Table struct {
	ArchivedFile
	Columns []Column `json:"columns"`
	Rows    int      `json:"rows"`
}

// ArchivedFile is a file in the archive.
type ArchivedFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Column is one of a table, with the kind of its values.
type Column struct {
	Name string `json:"name"`
	Kind kind   `json:"kind"`
}

// writer writes an archive.
type writer struct{ zip *zip.Writer }

// add writes a file. Packages are compressed already.
func (w writer) add(name string, write func(io.Writer) error) (ArchivedFile, error) {
	method := zip.Deflate
	if strings.HasPrefix(name, packagesFolder) {
		method = zip.Store
	}
	to, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err != nil {
		return ArchivedFile{}, err
	}
	counted := &summed{to: to, sum: sha256.New()}
	err = write(counted)
	return ArchivedFile{Name: name, SHA256: hex.EncodeToString(counted.sum.Sum(nil)), Size: counted.size}, err
}

// summed notes what is written through it.
type summed struct {
	to   io.Writer
	sum  hash.Hash
	size int64
}

func (s *summed) Write(data []byte) (int, error) {
	n, err := s.to.Write(data)
	_, _ = s.sum.Write(data[:n])
	s.size += int64(n)
	return n, err
}

// Archive is one that was verified as a whole.
type Archive struct {
	Manifest
	files map[string]*zip.File
}

// Open verifies an archive: every file must be there, as it was written, and nothing else.
func Open(from io.ReaderAt, size int64) (*Archive, error) {
	reader, err := zip.NewReader(from, size)
	if err != nil {
		return nil, fmt.Errorf("%w: it was cut off, or is none: %w", ErrArchive, err)
	}
	a := &Archive{files: map[string]*zip.File{}}
	for _, file := range reader.File {
		if a.files[file.Name] != nil {
			return nil, fmt.Errorf("%w: %.100q is in it twice", ErrArchive, file.Name)
		}
		a.files[file.Name] = file
	}
	if err := a.readManifest(); err != nil {
		return nil, err
	}
	known := 1
	for _, file := range a.all() {
		if err := a.verify(file); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrArchive, file.Name, err)
		}
		known++
	}
	if len(a.files) != known {
		return nil, fmt.Errorf("%w: it has %d files, and its manifest names %d", ErrArchive, len(a.files), known)
	}
	return a, nil
}

func (a *Archive) readManifest() error {
	file := a.files[manifestName]
	if file == nil {
		return fmt.Errorf("%w: it has no %s", ErrArchive, manifestName)
	}
	content, err := file.Open()
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrArchive, manifestName, err)
	}
	defer func() { _ = content.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(content, maxManifest))
	if err = cmp.Or(err, json.Unmarshal(text, &a.Manifest)); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrArchive, manifestName, err)
	}
	if a.Version != manifestVersion {
		return fmt.Errorf("%w: it has version %d of the form, and this program reads version %d", ErrArchive, a.Version, manifestVersion)
	}
	return nil
}

// all are the files that the manifest names.
func (m Manifest) all() []ArchivedFile {
	files := make([]ArchivedFile, 0, len(m.Tables)+len(m.Packages))
	for _, table := range m.Tables {
		files = append(files, table.ArchivedFile)
	}
	return append(files, m.Packages...)
}

func (a *Archive) verify(file ArchivedFile) error {
	content, err := a.open(file)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // it was only read
	sum := sha256.New()
	size, err := io.Copy(sum, content)
	switch {
	case err != nil:
		return err
	case size != file.Size || hex.EncodeToString(sum.Sum(nil)) != file.SHA256:
		return errors.New("it is not what was written: its sha256 is another")
	case strings.HasPrefix(file.Name, packagesFolder) && file.Name != packagesFolder+file.SHA256:
		return errors.New("it is another package than its name says")
	default:
		return nil
	}
}

func (a *Archive) open(file ArchivedFile) (io.ReadCloser, error) {
	found := a.files[file.Name]
	if found == nil {
		return nil, errors.New("it is missing")
	}
	return found.Open()
}
