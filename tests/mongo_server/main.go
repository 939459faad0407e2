// A server that speaks MongoDB's wire protocol, for tests on machines without mongod: FerretDB over
// SQLite. usage: mongo_server ADDRESS FOLDER [CERTIFICATE KEY]; prints the URI once it listens.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 && len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: mongo_server ADDRESS FOLDER [CERTIFICATE KEY]")
		os.Exit(2)
	}
	config := &ferretdb.Config{
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[2] + "/",
	}
	if len(os.Args) == 5 {
		config.Listener = ferretdb.ListenerConfig{
			TLS: os.Args[1], TLSCertFile: os.Args[3], TLSKeyFile: os.Args[4]}
	} else {
		config.Listener = ferretdb.ListenerConfig{TCP: os.Args[1]}
	}
	server, err := ferretdb.New(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mongo_server:", err)
		os.Exit(3)
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	go func() { fmt.Println(server.MongoDBURI()) }()
	if err := server.Run(stop); err != nil {
		fmt.Fprintln(os.Stderr, "mongo_server:", err)
		os.Exit(3)
	}
}
