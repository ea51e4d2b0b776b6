namespace CardShop.LogBroker.Storage;

/// <summary>Replaces a small file whole: after a crash either the old or the new content stands there.</summary>
internal static class AtomicFile
{
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".tmp";
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, content, 0);
            NativeFile.Sync(file);
        }

        File.Move(temporary, path, overwrite: true);
        NativeFile.SyncDirectory(Path.GetDirectoryName(path)!);
    }
}
