package main

import (
	"github.com/spf13/cobra"
)

func (a *app) similarCommand() *cobra.Command {
	f := searchFlags{kind: "image"}
	cmd := &cobra.Command{
		Use:   "similar FILE",
		Short: "Find what is near to an image file",
		Long: `Similar finds the images of a collection that are nearest to an image file, or, with --kind text, the texts that fit
it best. The file itself need not be in the collection; its copies come first.

` + filterHelp,
		Example: `  clipd similar cat.jpg
  clipd similar cat.jpg --kind text -c demo-captions`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.image, f.mode = args[0], "vector"
			request, err := f.request(cmd, "")
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.search(cmd.Context(), c, f, request)
			})
		},
	}
	f.add(a, cmd)
	cmd.Flags().Var(choice(&f.kind, "image", "text"), "kind", "what to find: image or text")
	return cmd
}
