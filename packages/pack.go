package packages

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
)

// Zip packs the files of a folder into a package. The same files give the same bytes, whenever and wherever it runs.
func Zip(w io.Writer, folder fs.FS) error {
	archive := zip.NewWriter(w)
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return zipFile(archive, folder, name)
	})
	if err != nil {
		return fmt.Errorf("zip folder: %w", err)
	}
	return archive.Close()
}

func zipFile(archive *zip.Writer, folder fs.FS, name string) error {
	file, err := folder.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	return err
}
