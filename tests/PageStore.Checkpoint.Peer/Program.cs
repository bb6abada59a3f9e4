using PageStore.Checkpoint.Peer;

// The second process of tests that need one:
//   follow FILE MODE LAST      reads what another process writes, to epoch LAST
//   write FILE DURABILITY      commits self-checking epochs until it is killed
//   kill-loop COUNT            kills such writers, COUNT times in each mode, and checks the file each time
//   store-add STORE FIRST      adds checkpoints to a store until it is killed or its input ends
return args switch
{
    ["follow", string path, string mode, string last] => Follower.Run(path, mode, last),
    ["write", string path, string mode] => EndlessWriter.Run(path, mode),
    ["store-add", string store, string first] => StoreAdderLoop.Run(store, first),
    ["kill-loop", string count] => KillCommand.Run(count),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: follow FILE MODE LAST | write FILE DURABILITY | kill-loop COUNT | store-add STORE FIRST");
    return 2;
}
