// Package samples holds two small mini-programs, one in each format, for demonstrations and tests.
package samples

import (
	"embed"
	"io/fs"
	"testing/fstest"
)

//go:embed weather coffee
var folders embed.FS

// Weather is a W3C MiniApp, version 1.0.0: the files of its package.
func Weather() fs.FS { return folder("weather") }

// Coffee is a mini-program of the app.json family; its version is given at upload.
func Coffee() fs.FS { return folder("coffee") }

// CoffeeOf is Coffee with a file that says which version it is of, so that each version has a package of its own.
func CoffeeOf(version string) fs.FS {
	files := fstest.MapFS{}
	err := fs.WalkDir(Coffee(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(Coffee(), path)
		files[path] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		panic(err) // the sample is part of the program
	}
	menu := files["pages/menu/menu.js"]
	menu.Data = append(menu.Data, "\n// of "+version+"\n"...)
	return files
}

func folder(name string) fs.FS {
	files, err := fs.Sub(folders, name)
	if err != nil {
		panic(err) // only for a name that is no path
	}
	return files
}
