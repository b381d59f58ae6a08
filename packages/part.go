package packages

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"gocloud.dev/blob"
)

// OpenPart is Open for whoever reads a part of a package, or only wants to know that it is there and how large it is. In a
// folder it is the same. From a bucket only what is read is fetched, in one piece: wanted is asked, when reading begins, how
// many bytes it will be. Nothing fetched that way is verified, for the sha256 is that of the whole: whoever puts the parts
// together compares it.
func (s *Store) OpenPart(ctx context.Context, sum string, wanted func() int64) (io.ReadSeekCloser, error) {
	var folder fs.FileInfo
	if s.bucket.As(&folder) || !isSHA256(sum) {
		return s.Open(ctx, sum)
	}
	attributes, err := s.bucket.Attributes(ctx, sum)
	if err != nil {
		return nil, failedToOpen(sum, err)
	}
	fetch := func(offset int64) (*blob.Reader, error) {
		return s.bucket.NewRangeReader(ctx, sum, offset, wanted(), nil)
	}
	return &part{size: attributes.Size, fetch: fetch}, nil
}

// part reads a package in a bucket.
type part struct {
	size, offset int64
	fetch        func(offset int64) (*blob.Reader, error)
	// fetched is what arrives since the last Seek; nil before it is read.
	fetched *blob.Reader
}

// Seek says where to read next.
func (p *part) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.offset
	case io.SeekEnd:
		offset += p.size
	}
	if offset < 0 {
		return 0, errors.New("a package begins at 0")
	}
	p.offset = offset
	return offset, p.Close()
}

// Read reads on.
func (p *part) Read(into []byte) (n int, err error) {
	if p.fetched == nil {
		if p.fetched, err = p.fetch(p.offset); err != nil {
			return 0, err
		}
	}
	n, err = p.fetched.Read(into)
	p.offset += int64(n)
	return n, err
}

// Close stops fetching.
func (p *part) Close() error {
	if p.fetched == nil {
		return nil
	}
	defer func() { p.fetched = nil }()
	return p.fetched.Close()
}
