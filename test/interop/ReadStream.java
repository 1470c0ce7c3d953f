import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Reads an archive as TorchServe does, in the order of its local headers; prints `name size crc` of each entry. */
public class ReadStream {
  public static void main(String[] args) throws Exception {
    byte[] buffer = new byte[1 << 20];
    try (ZipInputStream zip = new ZipInputStream(new BufferedInputStream(new FileInputStream(args[0]), 1 << 20))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        CRC32 crc = new CRC32();
        long size = 0;
        for (int count = zip.read(buffer); count >= 0; count = zip.read(buffer)) {
          crc.update(buffer, 0, count);
          size += count;
        }
        System.out.println(entry.getName() + "\t" + size + "\t" + crc.getValue());
      }
    }
  }
}
