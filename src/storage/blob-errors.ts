/** The bytes of a key are not there. */
export class BlobMissingError extends Error {
  readonly code = 'blob_missing';
  readonly key: string;
  constructor(key: string) {
    super(`Cannot read the blob "${key}": its bytes must be in the store, got nothing`);
    this.name = 'BlobMissingError';
    this.key = key;
  }
}

/** The upload is unknown, or ended. */
export class UploadMissingError extends Error {
  readonly code = 'upload_missing';
  constructor(uploadId: string) {
    super(`Cannot continue the upload "${uploadId}": it must exist, got nothing`);
    this.name = 'UploadMissingError';
  }
}

/** Bytes were sent for another place than the end of what is stored. */
export class UploadOffsetError extends Error {
  readonly code = 'upload_offset';
  readonly currentBytes: number;
  constructor(options: {
    readonly uploadId: string;
    readonly offsetBytes: number;
    readonly currentBytes: number;
  }) {
    super(
      `Cannot append to the upload "${options.uploadId}": the offset must be ${options.currentBytes}, got ${options.offsetBytes}`,
    );
    this.name = 'UploadOffsetError';
    this.currentBytes = options.currentBytes;
  }
}

/** Two requests work on one upload in this process at once. */
export class UploadBusyError extends Error {
  readonly code = 'upload_busy';
  constructor(uploadId: string) {
    super(`Cannot work on the upload "${uploadId}": one request at a time may, got another`);
    this.name = 'UploadBusyError';
  }
}
