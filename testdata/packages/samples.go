// Package samples holds two small mini-programs, one in each format, for demonstrations and tests.
package samples

import (
	"embed"
	"io/fs"
)

//go:embed weather coffee
var folders embed.FS

// Weather is a W3C MiniApp, version 1.0.0: the files of its package.
func Weather() fs.FS { return folder("weather") }

// Coffee is a mini-program of the app.json family; its version is given at upload.
func Coffee() fs.FS { return folder("coffee") }

func folder(name string) fs.FS {
	files, err := fs.Sub(folders, name)
	if err != nil {
		panic(err) // only for a name that is no path
	}
	return files
}
